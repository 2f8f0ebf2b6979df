import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { aDeadLetter } from '@skerry/series/testing';
import { VerifyError } from './errors.ts';
import { formatReport } from './report.ts';
import {
  aDevice,
  ledgerBytes,
  makeScene,
  payloadOf,
  pointsOf,
  type SceneMessage,
  segmentBytes,
  verdictsOf,
} from './testing/scene.ts';
import { verify } from './verify.ts';

/** Messages 1 to `count` of each of two devices in turn, acknowledged. */
function acked(count: number): (SceneMessage & { reason: number })[] {
  return Array.from({ length: 2 * count }, (_, i) => ({
    device: i % 2,
    epoch: 1,
    seq: Math.floor(i / 2) + 1,
    reason: 0,
  }));
}

test('verify finds nothing where ledger, journal and store agree', async () => {
  using scene = await makeScene({ sent: acked(50) });
  const report = await verify(scene.options);
  assert.equal(report.isClean, true, formatReport(report));
  assert.deepEqual(report.sent, {
    devices: 2,
    sent: 100,
    sentAgain: 0,
    acked: 100,
    refused: 0,
    unanswered: 0,
  });
  assert.equal(report.kept.journal?.records, 100);
  assert.equal(report.kept.store?.records, 100);
  assert.equal(report.kept.pending, 0);
});

test('verify tells a message that was acknowledged and is nowhere as lost, with device and number', async () => {
  const sent = acked(3);
  using scene = await makeScene({ sent, journalled: sent.slice(0, 5) });
  const report = await verify(scene.options);
  assert.deepEqual(
    report.verdicts.lost.findings.map(({ device, epoch, seq }) => [device, epoch, seq]),
    [['t/p/d1', 1, 3]],
  );
  assert.equal(report.isClean, false);
});

test('verify tells a message that is journalled below the position and not stored as lost, above it as pending', async () => {
  const sent = acked(3);
  const points = pointsOf(sent).filter((point) => point.offset < 5);
  using skipped = await makeScene({ sent, points });
  assert.deepEqual(await verdictsOf(skipped), { lost: 1 });
  using behind = await makeScene({ sent, points, seal: { position: 5 } });
  assert.deepEqual(await verdictsOf(behind), {});
  assert.equal((await verify(behind.options)).kept.pending, 1);
});

test('verify takes a stored message that was not acknowledged for legal, and an unanswered one for stuck', async () => {
  const sent = acked(3).map((one, i) => (i === 5 ? { device: 1, epoch: 1, seq: 3 } : one));
  using scene = await makeScene({ sent });
  assert.deepEqual(await verdictsOf(scene), { stuck: 1 });
});

test('verify tells what was stored and never sent as phantom: a number, an epoch, a device', async () => {
  const sent = acked(3);
  for (const stranger of [
    { device: 1, epoch: 1, seq: 4 },
    { device: 1, epoch: 2, seq: 1 },
  ]) {
    using scene = await makeScene({ sent, journalled: [...sent, stranger] });
    assert.deepEqual(await verdictsOf(scene), { phantom: 2 }); // in the journal and in the store
  }
  using scene = await makeScene({ sent, journalled: [...sent, { device: 7, epoch: 1, seq: 1 }] });
  assert.equal((await verdictsOf(scene)).phantom, 4); // in the journal, and one chunk of each metric
});

test('verify tells points that are not those of their message as corrupt', async () => {
  const sent = acked(3);
  const points = pointsOf(sent);
  const other = points.map((point, i) => (i === 7 ? { ...point, value: Number(point.value) + 1 } : point));
  using changed = await makeScene({ sent, points: other });
  assert.equal((await verdictsOf(changed)).corrupt, 1);
  using partial = await makeScene({ sent, points: points.filter((_, i) => i !== 7) });
  assert.equal((await verdictsOf(partial)).corrupt, 1);
  const swapped = points.map((point) => (point.offset < 2 ? { ...point, offset: 1 - point.offset } : point));
  using moved = await makeScene({ sent, points: swapped });
  assert.deepEqual(await verdictsOf(moved), { corrupt: 2 }); // the journal has another message there
});

test('verify tells one record stored twice as dup-store and one message under two offsets as dup-resend', async () => {
  const sent = acked(3);
  const points = pointsOf(sent);
  using twice = await makeScene({ sent, points: [...points, ...points.slice(-3)] });
  assert.deepEqual(await verdictsOf(twice), { 'dup-store': 1 });
  using resent = await makeScene({ sent, journalled: [...sent, ...sent.slice(-1)] });
  assert.deepEqual(await verdictsOf(resent), { 'dup-resend': 1 });
});

test('verify counts a message that the journal has twice and the store once as a wire duplicate', async () => {
  const sent = acked(3);
  using scene = await makeScene({ sent, journalled: [...sent, ...sent.slice(-1)], points: pointsOf(sent) });
  const report = await verify(scene.options);
  assert.equal(report.isClean, true);
  assert.equal(report.kept.journal?.wireDuplicates, 1);
});

test('verify tells an inversion as order, also one that the store counted as a restart of the numbering', async () => {
  const sent = acked(3);
  const [a, b, c, d, ...rest] = sent;
  assert.ok(a && b && c && d);
  using swapped = await makeScene({ sent, journalled: [c, b, a, d, ...rest] });
  assert.deepEqual(await verdictsOf(swapped), { order: 1 });
  const account = { stored: 3, deduplicated: 0, filtered: 0, deadLettered: 0, discarded: 0, expired: 0 };
  const accounts = [{ ...aDevice(0), ...account, timeCorrected: 0, seqResets: 1, lastSeenMicros: 0 }];
  using counted = await makeScene({ sent, seal: { accounts } });
  assert.deepEqual(await verdictsOf(counted), { order: 1 });
  const strange = accounts.map((one) => ({ ...one, ...aDevice(9) }));
  using unknown = await makeScene({ sent, seal: { accounts: strange } });
  assert.deepEqual(await verdictsOf(unknown), {}, 'of a device that no sender has');
});

test('verify reports a refused message that is stored, and does not judge it', async () => {
  const sent = acked(3).map((one, i) => (i === 5 ? { ...one, reason: 0x97 } : one));
  using scene = await makeScene({ sent });
  const report = await verify(scene.options);
  assert.equal(report.verdicts['refused-but-stored'].count, 1);
  assert.equal(report.isClean, true);
});

test('verify takes a dead letter for stored when its bytes were sent, and for a phantom when not', async () => {
  const sent = acked(3);
  const letter = {
    offset: 5,
    receivedMicros: 1,
    ...aDevice(1),
    client: '',
    reason: 'undecodable',
    detail: '',
    stage: 'decode',
    qos: 1,
    state: 'open',
    author: '',
    changedMicros: 0,
  } as const;
  const points = pointsOf(sent.slice(0, 5));
  const payload = payloadOf({ device: 1, epoch: 1, seq: 3 });
  using kept = await makeScene({ sent, points, seal: { deadLetters: [{ ...letter, payload }] } });
  assert.deepEqual(await verdictsOf(kept), {});
  const altered = Buffer.concat([payload, Buffer.from(' ')]);
  using other = await makeScene({ sent, points, seal: { deadLetters: [{ ...letter, payload: altered }] } });
  assert.deepEqual(await verdictsOf(other), { lost: 1, phantom: 1 });
});

test('verify tells a payload that the journal changed as corrupt', async () => {
  const sent = acked(3);
  using scene = await makeScene({ sent });
  const records = sent.map((one) => ({ topic: aDevice(one.device).topic, payload: payloadOf(one) }));
  const payload = Buffer.concat([payloadOf({ device: 1, epoch: 1, seq: 3 }), Buffer.from(' ')]);
  records[5] = { topic: aDevice(1).topic, payload };
  writeFileSync(scene.journalFile, segmentBytes(records));
  assert.deepEqual(await verdictsOf(scene), { corrupt: 1 });
});

test('verify finds every flipped bit of a journal, and forgives a torn end', async () => {
  const sent = acked(3);
  using scene = await makeScene({ sent });
  const whole = readFileSync(scene.journalFile);
  for (let at = 0; at < whole.byteLength; at += 3) {
    const flipped = Buffer.from(whole);
    flipped[at] = Number(flipped[at]) ^ (1 << (at % 8));
    writeFileSync(scene.journalFile, flipped);
    if (isSpare(whole, at)) continue;
    assert.notDeepEqual(await verdictsOf(scene), {}, `byte ${at}`);
  }
  writeFileSync(scene.journalFile, Buffer.concat([whole, whole.subarray(512, 700)]));
  const report = await verify(scene.options);
  assert.equal(report.isClean, true, formatReport(report));
  assert.equal(report.kept.journal?.tornBytes, 188);
});

test('verify tells a batch that is whole and does not follow the one before as damage', async () => {
  using scene = await makeScene({ sent: acked(3) });
  const whole = readFileSync(scene.journalFile);
  const last = whole.lastIndexOf('SKB1', whole.length, 'latin1');
  for (const [field, said] of [
    [64, /breaks the chain/],
    [8, /begins at offset/],
    [24, /telemetry records before it/],
    [20, /counts 3 telemetry records and has 2/],
  ] as const) {
    const changed = Buffer.from(whole);
    changed.writeUInt32LE(changed.readUInt32LE(last + field) + 1, last + field);
    changed.writeUInt32LE(crc32(changed.subarray(last, last + 72)), last + 72);
    writeFileSync(scene.journalFile, changed);
    const { verdicts } = await verify(scene.options);
    assert.match(verdicts.damaged.findings.map(({ detail }) => detail).join('; '), said);
  }
});

test('verify says what a segment header claims that cannot be, and takes one that is all of its file', async () => {
  using scene = await makeScene({ sent: acked(3) });
  const whole = readFileSync(scene.journalFile);
  for (const claimed of [0, 511, 513, whole.byteLength + 512 - (whole.byteLength % 512), 2 ** 20]) {
    const changed = Buffer.from(whole);
    changed.writeUInt32LE(claimed, 8);
    writeFileSync(scene.journalFile, changed);
    const { verdicts } = await verify(scene.options);
    const said = verdicts.damaged.findings.map(({ detail }) => detail).join('; ');
    assert.ok(said.includes(`its header claims ${claimed} bytes`), `${claimed}: ${said}`);
  }
  writeFileSync(scene.journalFile, whole.subarray(0, 512));
  const { findings } = (await verify(scene.options)).verdicts.damaged;
  const said = findings.map(({ detail }) => detail).join('; ');
  assert.doesNotMatch(said, /its header/, 'a segment without a batch is one');
});

test('verify tells bytes between the records of a batch and its table as damage', async () => {
  using scene = await makeScene({ sent: acked(3) });
  const whole = readFileSync(scene.journalFile);
  const last = whole.lastIndexOf('SKB1', whole.length, 'latin1');
  const header = Buffer.from(whole.subarray(last, last + 80));
  const body = whole.subarray(last + 80);
  const tableStart = header.readUInt32LE(56);
  const longer = Buffer.concat([body.subarray(0, tableStart), Buffer.alloc(3), body.subarray(tableStart)]);
  header.writeUInt32LE(longer.byteLength, 4);
  header.writeUInt32LE(tableStart + 3, 56);
  header.writeUInt32LE(crc32(longer), 68);
  header.writeUInt32LE(crc32(header.subarray(0, 72)), 72);
  writeFileSync(scene.journalFile, Buffer.concat([whole.subarray(0, last), header, longer]));
  const { verdicts } = await verify(scene.options);
  assert.match(
    verdicts.damaged.findings.map(({ detail }) => detail).join('; '),
    /has bytes behind its records/,
  );
});

/** The last word of a batch's header is spare and not covered by a checksum. */
function isSpare(bytes: Buffer, at: number): boolean {
  const start = bytes.lastIndexOf('SKB1', at, 'latin1');
  return start >= 0 && at - start >= 76 && at - start < 80;
}

test('verify finds a damaged chunk and a damaged database', async () => {
  using scene = await makeScene({ sent: acked(3) });
  const file = new DatabaseSync(scene.storeFile);
  file.exec("UPDATE chunks SET body = x'01000000000001' WHERE id = 1; PRAGMA wal_checkpoint(TRUNCATE)");
  file.close();
  const report = await verify(scene.options);
  assert.equal(report.verdicts.damaged.count, 1);
  assert.match(String(report.verdicts.damaged.findings[0]?.detail), /chunk 1/);
  truncateSync(scene.storeFile, 8192);
  appendFileSync(scene.storeFile, Buffer.alloc(8192, 7));
  assert.ok(Number((await verdictsOf(scene)).damaged) > 0);
});

test('verify tells each dead letter, dedupe row and gaps row that does not fit its checksum, by file and row', async () => {
  const device = { tenant: 't', project: 'p', device: 'd0' };
  const seal = {
    deadLetters: [aDeadLetter(1)],
    dedupe: [{ ...device, count: 1, newestMicros: 5, bytes: Uint8Array.of(1, 2) }],
    gaps: [{ ...device, epoch: 'e', highest: 9, gaps: [{ from: 3, to: 4 }] }],
  };
  using scene = await makeScene({ sent: acked(3), seal });
  const file = new DatabaseSync(scene.storeFile);
  file.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  file.close();
  assert.deepEqual(await verdictsOf(scene), {});
  const whole = readFileSync(scene.storeFile);
  for (const [sql, wanted] of [
    ["UPDATE dead_letters SET payload = x'00'", 'the row of dead_letters with the offset 1'],
    ["UPDATE dead_letters SET author = 'eve'", 'the row of dead_letters with the offset 1'],
    ["UPDATE dedupe SET entries = x'0102'", 'the row of dedupe with the id 1'],
    ["UPDATE gaps SET gaps = '[]'", 'the row of gaps with the device 1'],
  ] as const) {
    writeFileSync(scene.storeFile, whole);
    const changing = new DatabaseSync(scene.storeFile);
    changing.exec(`${sql}; PRAGMA wal_checkpoint(TRUNCATE)`);
    changing.close();
    const { verdicts } = await verify(scene.options);
    assert.deepEqual(
      verdicts.damaged.findings.map(({ detail }) => detail),
      [`store 2026-11-24.db: ${wanted} does not fit its checksum`],
    );
  }
});

test('verify fails with a code where there is nothing to verify, and reports missing parts as damage', async () => {
  using scene = await makeScene({ sent: acked(1) });
  const isCode = (code: string) => (cause: unknown) => cause instanceof VerifyError && cause.code === code;
  await assert.rejects(
    verify({ ...scene.options, dataDir: `${scene.ledger}-none` }),
    isCode('verify-unreadable'),
  );
  await assert.rejects(
    verify({ ...scene.options, senderLedgers: [scene.journalFile] }),
    isCode('sender-ledger-invalid'),
  );
  rmSync(scene.journalFile);
  rmSync(scene.storeFile);
  assert.deepEqual(await verdictsOf(scene), { lost: 2, damaged: 1 });
});

test('verify reads as much of a ledger as is whole, however it was cut', async () => {
  const sent = acked(2);
  using scene = await makeScene({ sent });
  const whole = ledgerBytes(sent);
  for (let bytes = 32; bytes < whole.byteLength; bytes += 7) {
    writeFileSync(scene.ledger, whole.subarray(0, bytes));
    const { sent: figures } = await verify(scene.options);
    assert.ok(figures.sent <= 4 && figures.acked <= figures.sent);
  }
});

test('formatReport lists every verdict with its findings and says how many more there are', async () => {
  const sent = acked(3);
  using scene = await makeScene({ sent, journalled: sent.slice(0, 1) });
  const text = formatReport(await verify({ ...scene.options, findingsMax: 2 }));
  assert.match(text, /^lost\s+5 {2}acknowledged/m);
  assert.match(text, /^ {4}t\/p\/d0 epoch 1 seq 2: acknowledged, not stored, not in the journal$/m);
  assert.match(text, /^ {4}and 3 more$/m);
  assert.match(text, /NOT clean\n$/);
});

test('verify says of a journal that is a topic of Kafka that it is not read here', async () => {
  using scene = await makeScene({ sent: acked(1) });
  writeFileSync(`${scene.options.dataDir}/journal/kafka.json`, '{}');
  await assert.rejects(verify(scene.options), (fault) => {
    assert.ok(fault instanceof VerifyError && fault.code === 'verify-unreadable');
    return /found .*journal\/kafka\.json, wanted segment files/.test(fault.message);
  });
});
