import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { deviceSeed, messageMark, readLedgerFile } from '@skerry/verify';
import { openAckSink } from './ack-sink.ts';
import { type LoadPlan, LoadRun } from './load-run.ts';
import { fieldHundredths } from './message-shape.ts';

function aPlan(port: number, rest: Partial<LoadPlan> = {}): LoadPlan {
  return {
    port,
    connections: 4,
    window: 8,
    devices: 12,
    rate: 0,
    protocol: 'mixed',
    tenant: 't',
    project: 'p',
    epoch: 3,
    shape: { kind: 'marks', metrics: 0, payloadBytes: 200 },
    ackTimeoutMs: 10_000,
    count: 2_000,
    ...rest,
  };
}

const folder = () => mkdtempDisposableSync(join(tmpdir(), 'skerry-load-'));
const isAllAnswered = ({ acked, refused }: { acked: number; refused: number }) => acked + refused === 2_000;
const idOf = (payload: Buffer): { seq: number; h: number } => JSON.parse(payload.toString());

/** A ledger's messages as texts, by what happened to them. */
function readLedger(path: string) {
  const devices: string[] = [];
  const found = {
    sent: new Map<string, string>(),
    again: new Set<string>(),
    acked: new Set<string>(),
    refused: new Set<string>(),
  };
  const name = (device: number, seq: number) => `${devices[device]} ${seq}`;
  readLedgerFile(path, {
    device: (index, { device }) => {
      devices[index] = device;
    },
    sent: (device, _, seq, low, high) => {
      const hash = Buffer.alloc(8);
      hash.writeUInt32LE(low, 0);
      hash.writeUInt32LE(high, 4);
      found.sent.set(name(device, seq), hash.toString('hex'));
    },
    sentAgain: (device, _, seq) => found.again.add(name(device, seq)),
    answered: (device, _, seq, reason) => found[reason >= 0x80 ? 'refused' : 'acked'].add(name(device, seq)),
  });
  return found;
}

test('LoadRun numbers each device from 1 without holes, and every payload is JSON of one size with its mark', async () => {
  const seqs = new Map<number, number>();
  const marks = new Map<number, number>();
  for (let i = 0; i < 12; i++) {
    const device = `load-${String(i).padStart(2, '0')}`;
    for (let seq = 1; seq <= 400; seq++)
      marks.set(messageMark(deviceSeed({ tenant: 't', project: 'p', device }), 3, seq), i);
  }
  await using sink = await openAckSink({
    onPublish: (_, payload) => {
      assert.equal(payload.byteLength, 200);
      const { epoch, seq, e, n, h, ...rest } = JSON.parse(payload.toString());
      assert.deepEqual([epoch, e, n, rest], [3, 3, seq, {}]);
      const device = Number(marks.get(h));
      assert.equal(seq, (seqs.get(device) ?? 0) + 1);
      seqs.set(device, seq);
    },
  });
  using run = new LoadRun(aPlan(sink.port));
  run.start();
  await run.until(isAllAnswered);
  assert.equal(sink.count, 2_000);
  assert.equal(
    [...seqs.values()].reduce((sum, seq) => sum + seq),
    2_000,
  );
});

test('LoadRun publishes what is unacknowledged again after a reset: same bytes, new packet id, in order, first of all', async () => {
  using place = folder();
  const path = join(place.path, 'sent.ledger');
  const first = new Map<number, { packetId: number; text: string }>();
  const order: number[] = [];
  let resent = 0;
  let isCut = false;
  await using sink = await openAckSink({
    answers: () => isCut,
    onPublish: (packetId, payload) => {
      const known = first.get(idOf(payload).h);
      if (!known) {
        assert.ok(!isCut || resent >= 32, 'nothing new before everything old');
        first.set(idOf(payload).h, { packetId, text: payload.toString() });
        return;
      }
      resent += 1;
      order.push(idOf(payload).h);
      assert.equal(payload.toString(), known.text);
      assert.notEqual(packetId, known.packetId);
    },
  });
  using run = new LoadRun(aPlan(sink.port, { ledger: path, connections: 1, window: 32 }));
  let unackedAtLoss = 0;
  run.onAllDown = (unacked) => {
    unackedAtLoss = unacked;
    isCut = true;
  };
  run.start();
  await run.until(() => sink.count === 32);
  sink.reset();
  await run.until(isAllAnswered);
  assert.deepEqual([unackedAtLoss, resent, first.size], [32, 32, 2_000]);
  assert.deepEqual(order, [...first.keys()].slice(0, 32));
  run[Symbol.dispose]();
  const ledger = readLedger(path);
  assert.deepEqual([ledger.sent.size, ledger.again.size, ledger.acked.size], [2_000, 32, 2_000]);
  const hashes = new Set(
    [...first.values()].map(({ text }) => createHash('sha256').update(text).digest('hex').slice(0, 16)),
  );
  assert.deepEqual(new Set(ledger.sent.values()), hashes);
});

test('LoadRun notes refusals, keeps to Receive Maximum and gives up a silent connection', async () => {
  using place = folder();
  const path = join(place.path, 'sent.ledger');
  let silent = 1;
  let inFlight = 0;
  await using sink = await openAckSink({
    receiveMaximum: 3,
    reasonOf: (payload) => (idOf(payload).seq % 10 === 0 ? 0x97 : 0),
    answers: () => silent-- <= 0,
    onPublish: () => {
      inFlight = Math.max(inFlight, sink.count);
    },
  });
  using run = new LoadRun(
    aPlan(sink.port, { ledger: path, protocol: 5, connections: 1, devices: 1, ackTimeoutMs: 50 }),
  );
  run.start();
  await run.until(() => sink.count === 3);
  assert.equal(inFlight, 3);
  await run.until(isAllAnswered);
  run[Symbol.dispose]();
  const ledger = readLedger(path);
  assert.equal(ledger.refused.size, 200);
  assert.equal(ledger.acked.size, 1_800);
  assert.ok(ledger.again.size > 0);
});

test('LoadRun gives the sums of the fields that were acknowledged, and sends at its rate only', async () => {
  const sums = [0, 0];
  await using sink = await openAckSink({
    onPublish: (_, payload) => {
      const { metric_0, metric_1 } = JSON.parse(payload.toString());
      sums[0] = Number(sums[0]) + metric_0;
      sums[1] = Number(sums[1]) + metric_1;
    },
  });
  const shape = { kind: 'fields', metrics: 2, payloadBytes: 200 } as const;
  // one message in 30 years
  using run = new LoadRun(aPlan(sink.port, { shape, rate: 1e-9 }));
  run.start();
  await run.until(({ connectionsUp }) => connectionsUp === 4);
  assert.equal(run.state().sent, 0);
  run.rate = 4_000;
  run.beginMeasuring();
  await run.until(isAllAnswered);
  const result = run.result();
  assert.equal(result.ackedInAll, 2_000);
  // hundredths, added up in another order
  for (const [i, sum] of sums.entries()) assert.ok(Math.abs(sum - Number(result.sums[i])) < 1e-6, `${sum}`);
  assert.equal(result.sums.length, sums.length);
  assert.equal(fieldHundredths(1, 0), 7);
});
