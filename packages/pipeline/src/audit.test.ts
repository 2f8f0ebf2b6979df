import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_KIND } from '@skerry/journal';
import type { DeadLetter } from '@skerry/model';
import { type AuditReport, auditLedger } from './audit.ts';
import type { AuditJournal, AuditSource } from './audit-source.ts';
import { MemoryAuditSource } from './memory-audit-source.ts';
import { DEFAULT_ROUTES } from './routes.ts';
import { Rig } from './testing/rig.ts';
import { SampleJournal } from './testing/sample-journal.ts';

/** A site with every verdict in it, sealed in several seals. */
async function aSite() {
  const rig = new Rig({ sealPoints: 3 });
  const memory = new MemoryAuditSource(rig.store);
  const pipeline = await rig.open({ store: memory.store });
  const payload = (seq: number) => JSON.stringify({ seq, v: seq, w: { x: `t${seq}` } });
  rig.journal.append({ payload: payload(1) }, { payload: payload(2) }, { payload: payload(2) });
  await pipeline.flush();
  rig.journal.append(
    { payload: '{"ts":1767225601,"v":1}', topic: 'mtic/msg/client/realtime/t/p/e' },
    { payload: 'broken' },
    { payload: '{}' },
    { kind: RECORD_KIND.message, topic: 'chat' },
    { payload: 'broken too' },
    { kind: RECORD_KIND.misrouted, topic: 'mtic/msg/client/realtime/t', tenant: '', project: '' },
  );
  rig.journal.append(
    { kind: RECORD_KIND.discard, replayOf: 7, author: 'ann' },
    { payload: payload(3), qos: 0 },
  );
  await pipeline.flush();
  await pipeline[Symbol.asyncDispose]();
  rig.journal.append({ payload: payload(4) });
  const journal: AuditJournal = Object.assign(rig.journal, { receivedBefore: () => [] });
  return { rig, memory, journal };
}

async function audit(journal: AuditJournal, source: AuditSource): Promise<AuditReport> {
  const { signal } = new AbortController();
  for await (const step of auditLedger({ journal, source, routes: DEFAULT_ROUTES, signal })) {
    if (step.kind === 'result') return step.report;
  }
  assert.fail('The audit gave no result.');
}

/** The source with some of its answers falsified. */
function falsified(source: AuditSource, changes: Partial<AuditSource>): AuditSource {
  return {
    state: () => source.state(),
    series: () => source.series(),
    accounts: () => source.accounts(),
    stages: () => source.stages(),
    verdicts: (from) => source.verdicts(from),
    points: (from, to) => source.points(from, to),
    deadLetter: (offset) => source.deadLetter(offset),
    ...changes,
  };
}

const briefly = (report: AuditReport) =>
  report.findings.map(({ device, offset, detail }) => [device, offset, detail]);

test('auditLedger finds nothing in a site that is whole', async () => {
  const { journal, memory } = await aSite();
  const report = await audit(journal, memory);
  assert.deepEqual(report.findings, []);
  assert.deepEqual([report.balanced, report.fromOffset, report.toOffset, report.records], [true, 0, 12, 12]);
  const { received, stored, deduplicated, deadLettered, discarded, pending } = report.totals;
  assert.deepEqual([received, stored, deduplicated, deadLettered, discarded, pending], [10, 5, 1, 2, 1, 1]);
});

test('auditLedger finds a dead letter that is not the record of the journal: bytes, topic, client or time', async () => {
  const { memory, journal } = await aSite();
  const changed = async (change: Partial<DeadLetter>) => {
    const deadLetter = async (offset: number) => {
      const letter = await memory.deadLetter(offset);
      return letter && offset === 4 ? { ...letter, ...change } : letter;
    };
    return briefly(await audit(journal, falsified(memory, { deadLetter }))).map((one) => one.slice(1));
  };
  const wanted = 'the record in the journal has';
  const payload = Buffer.from('brokem');
  assert.deepEqual(await changed({ payload }), [
    [4, `The dead letter has a payload of 6 bytes that are others; ${wanted} one of 6.`],
  ]);
  for (const [change, pattern] of [
    [{ topic: 'other' }, /has the topic "other"; the record in the journal has "iot/],
    [{ client: 'other' }, /has the client "other"/],
    [{ receivedMicros: 5 }, /has the receivedMicros 5; the record in the journal has 17672256/],
  ] as const) {
    const [finding] = await changed(change);
    assert.match(String(finding?.[1]), pattern);
  }
});

test('auditLedger finds nothing where dead letters made devices known, replayed, discarded and open, after a restart', async () => {
  const { rig, memory, journal } = await aSite();
  const letter = (device: string, payload = 'x') => ({ topic: `iot/t/p/${device}/telemetry`, payload });
  const first = await rig.open({ store: memory.store });
  const at = journal.end;
  rig.journal.append(letter('n1'), letter('n2', '{"v":1,'), letter('n3'), letter('n3'));
  rig.journal.append({ topic: 'mtic/msg/client/realtime/t/p/n4', payload: 'x' });
  await first.flush();
  await rig.kill(first);
  const second = await rig.open({ store: memory.store });
  rig.journal.append({ kind: RECORD_KIND.discard, replayOf: at, author: 'ann' }, letter('n1', '{"v":2}'));
  rig.journal.append({
    kind: RECORD_KIND.replay,
    replayOf: at + 1,
    ...letter('n2', '{"v":1,'),
    author: 'ann',
  });
  await second.flush();
  await second[Symbol.asyncDispose]();
  const report = await audit(journal, memory);
  assert.deepEqual(report.findings, []);
  const letters = await memory.accounts();
  assert.deepEqual(
    letters
      .filter((one) => /^n\d$/.test(one.device))
      .map(({ device, deadLettered, discarded, stored }) => [device, deadLettered, discarded, stored])
      .sort(),
    [
      ['n1', 0, 1, 1],
      ['n2', 1, 0, 0],
      ['n3', 2, 0, 0],
      ['n4', 1, 0, 0],
    ],
  );
});

test('auditLedger reports one point that is missing, moved or doubled, with device and offset', async () => {
  const { journal, memory } = await aSite();
  const changed = (change: (row: number[]) => number[]) =>
    falsified(memory, {
      async *points(from, to) {
        for await (const one of memory.points(from, to)) {
          const rows =
            one.series === 0
              ? change(Array.from(one.offsets, (_, i) => i))
              : Array.from(one.offsets, (_, i) => i);
          yield {
            series: one.series,
            times: rows.map((i) => Number(one.times[i])),
            values: rows.map((i) => one.values[i] ?? 0),
            offsets: rows.map((i) => Number(one.offsets[i])),
            ordinals: rows.map((i) => Number(one.ordinals[i])),
          };
        }
      },
    });
  assert.deepEqual(
    briefly(
      await audit(
        journal,
        changed((rows) => rows.filter((i) => i !== 1)),
      ),
    ),
    [['d', 1, 'The point 0 (v) is not in the store.']],
  );
  assert.deepEqual(
    briefly(
      await audit(
        journal,
        changed((rows) => [...rows, 2]),
      ),
    ),
    [['d', 10, 'The point 0 is stored twice.']],
  );
  assert.equal(
    briefly(
      await audit(
        journal,
        changed(() => []),
      ),
    ).length,
    3,
  );
});

test('auditLedger reports a point that was changed', async () => {
  const { journal, memory } = await aSite();
  const source = falsified(memory, {
    async *points(from, to) {
      for await (const one of memory.points(from, to)) {
        if (one.series === 1) yield { ...one, values: one.values.map(() => 'forged') };
        else if (one.series === 2) yield { ...one, times: Array.from(one.times, (time) => time + 1) };
        else yield one;
      }
    },
  });
  assert.deepEqual(
    briefly(await audit(journal, source)).map(([device, offset]) => [device, offset]),
    [
      ['d', 0],
      ['d', 1],
      ['e', 3],
      ['d', 10],
    ],
  );
});

test('auditLedger reports a chunk that is gone, point by point', async () => {
  const { journal, memory } = await aSite();
  const source = falsified(memory, {
    async *points(from, to) {
      for await (const one of memory.points(from, to)) if (one.series !== 1) yield one;
    },
  });
  assert.deepEqual(briefly(await audit(journal, source)), [
    ['d', 0, 'The point 1 (w.x) is not in the store.'],
    ['d', 1, 'The point 1 (w.x) is not in the store.'],
    ['d', 10, 'The point 1 (w.x) is not in the store.'],
  ]);
});

test('auditLedger reports a journal record that is gone', async () => {
  const { journal, memory } = await aSite();
  const readAll = journal.read.bind(journal);
  const read: AuditJournal['read'] = async (from, bytesMax) =>
    (await readAll(from, bytesMax)).filter((batch) => batch.firstOffset !== 0);
  const report = await audit(Object.assign(journal, { read }), memory);
  assert.deepEqual(briefly(report).slice(0, 3), [
    ['d', 0, 'The journal does not hold the record. The store has 2 points of it.'],
    ['d', 1, 'The journal does not hold the record. The store has 2 points of it.'],
    ['', 2, 'The journal does not hold the record.'],
  ]);
  assert.match(String(briefly(report)[3]?.[2]), /counted 9 received records; it holds 6 /);
});

test('auditLedger reports a counter that was changed, in journal or store', async () => {
  const { rig, journal, memory } = await aSite();
  const source = falsified(memory, {
    accounts: async () =>
      (await memory.accounts()).map((one) => (one.device === 'e' ? { ...one, stored: one.stored - 1 } : one)),
  });
  assert.deepEqual(briefly(await audit(journal, source)), [
    ['e', -1, 'The account stored says 0 records; 1 were recounted.'],
    ['', -1, '9 records were received, 7 have a verdict and 1 are pending: a difference of 1.'],
  ]);
  rig.journal.miscount('t', 'p', 1);
  assert.match(
    String(briefly(await audit(journal, memory))[0]?.[2]),
    /counted 10 received records; it holds 9/,
  );
});

test('auditLedger reports a verdict that differs and a dead letter that is gone', async () => {
  const { journal, memory } = await aSite();
  const source = falsified(memory, {
    deadLetter: async (offset) => (offset === 4 ? undefined : memory.deadLetter(offset)),
    async *verdicts(from) {
      for await (const one of memory.verdicts(from))
        yield one.from === 0
          ? {
              from: 0,
              runs: [
                { verdict: 'deduplicated', count: 1 },
                { verdict: 'none', count: 1 },
                { verdict: 'stored', count: 1 },
              ],
            }
          : one;
    },
  });
  const found = briefly(await audit(journal, source));
  assert.deepEqual(
    found.filter(([, offset]) => offset !== -1).map(([device, offset]) => [device, offset]),
    [
      ['d', 0],
      ['d', 1],
      ['d', 2],
      ['d', 2],
      ['d', 4],
    ],
  );
});

test('auditLedger starts at the first record held and takes what was before from the checkpoint', async () => {
  const { journal, memory } = await aSite();
  const trimmed = Object.assign(journal, {
    start: 3,
    receivedBefore: () => [{ tenant: 't', project: 'p', received: 3, receivedQos0: 0 }],
  });
  const report = await audit(trimmed, memory);
  assert.deepEqual(report.findings, []);
  assert.deepEqual([report.fromOffset, report.records], [3, 9]);
});

test('auditLedger tells a store of another journal', async () => {
  const { memory } = await aSite();
  const other: AuditJournal = Object.assign(new SampleJournal('b'.repeat(32)), { receivedBefore: () => [] });
  assert.match((await audit(other, memory)).findings[0]?.detail ?? '', /follows the journal a+;/);
});
