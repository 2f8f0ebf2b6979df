import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_KIND } from '@skerry/journal';
import { auditLedger } from '../audit.ts';
import type { AuditPoints } from '../audit-source.ts';
import { MemoryAuditSource } from '../memory-audit-source.ts';
import { DEFAULT_ROUTES } from '../routes.ts';
import { SAMPLE_MICROS, type SampleRecord } from '../testing/record-builder.ts';
import { Rig } from '../testing/rig.ts';
import { aPipeline, applyRecord, changeRecord } from '../testing/stage-documents.ts';

const at = (secs: number, v: number): SampleRecord => ({
  payload: JSON.stringify({ v, ts: SAMPLE_MICROS / 1e6 + secs }),
  receivedMicros: SAMPLE_MICROS + 1_000_000_000,
});
const keep = { name: 'keep', type: 'Filter', keep: 'metrics.v < 10' };
const minute = {
  name: 'minute',
  type: 'Aggregate',
  window: { size: '1m' },
  functions: ['sum'],
  keepInput: true,
};

/** Offsets: 0 apply, 1 stored, 2 filtered, 3 stored and closes a window, 4 dead letter, 5 apply, 6 its replay, 7 filtered. */
async function aSite() {
  const rig = new Rig();
  const memory = new MemoryAuditSource(rig.store);
  const pipeline = await rig.open({ store: memory.store });
  const lost = { ...at(70, 3), payload: '{"w":1}' };
  rig.journal.append(
    applyRecord(aPipeline('a', [keep, minute])),
    at(1, 1),
    at(2, 50),
    at(65, 2),
    lost,
    applyRecord(aPipeline('a', [{ ...keep, keep: 'has(metrics.w) || metrics.v < 1' }, minute])),
    { ...lost, kind: RECORD_KIND.replay, replayOf: 4, author: 'ann' },
    at(80, 5),
  );
  await pipeline.flush();
  await pipeline[Symbol.asyncDispose]();
  const journal = Object.assign(rig.journal, { receivedBefore: () => [] });
  const audit = async (source: MemoryAuditSource | object = memory) => {
    const { signal } = new AbortController();
    // falsified sources have the members of the whole one
    const needs = { journal, source: source as MemoryAuditSource, routes: DEFAULT_ROUTES, signal };
    for await (const step of auditLedger(needs)) if (step.kind === 'result') return step.report;
    assert.fail('The audit gave no result.');
  };
  return { memory, audit };
}

/** The source with some of its answers falsified. */
function falsified(memory: MemoryAuditSource, changes: object): object {
  const names = ['state', 'series', 'accounts', 'stages', 'verdicts', 'points', 'deadLetter'] as const;
  const whole = Object.fromEntries(names.map((name) => [name, memory[name].bind(memory)]));
  return { ...whole, ...changes };
}

test('auditLedger recounts each record with the stages of its time, windows and replays included', async () => {
  const { audit } = await aSite();
  const { findings, totals } = await audit();
  assert.deepEqual(findings, []);
  assert.deepEqual([totals.stored, totals.filtered, totals.deadLettered], [3, 2, 0]);
});

test('auditLedger finds a result of a window that was changed or is gone', async () => {
  const { memory, audit } = await aSite();
  const change = (value: number) =>
    falsified(memory, {
      async *points(from: number, to: number): AsyncGenerator<AuditPoints> {
        for await (const one of memory.points(from, to))
          yield { ...one, values: one.values.map((known, i) => (one.ordinals[i] === 1 ? value : known)) };
      },
    });
  const details = (await audit(change(7))).findings.map(({ offset, detail }) => [offset, detail]);
  assert.deepEqual(details, [[3, 'The point 1 (v.sum) is stored with another value.']]);
  assert.deepEqual((await audit(change(1))).findings, []);
});

test('auditLedger finds a verdict that the stages of the time do not give', async () => {
  const { memory, audit } = await aSite();
  const wrong = falsified(memory, {
    async *verdicts(from: number) {
      for await (const { from: begin, runs } of memory.verdicts(from)) {
        const each = runs.flatMap(({ verdict, count }) => Array.from({ length: count }, () => verdict));
        each[2] = 'stored';
        yield { from: begin, runs: each.map((verdict) => ({ verdict, count: 1 })) };
      }
    },
  });
  const { findings } = await audit(wrong);
  assert.deepEqual(findings[0]?.detail, 'The record was stored; by the stages of its time it is filtered.');
  assert.equal(findings[0]?.offset, 2);
});

test('auditLedger that begins behind a change still knows its stages, and leaves windows aside that it cannot know', async () => {
  const rig = new Rig();
  const memory = new MemoryAuditSource(rig.store);
  const pipeline = await rig.open({ store: memory.store });
  rig.journal.append(applyRecord(aPipeline('a', [keep, minute])), at(1, 1));
  rig.journal.append(
    at(2, 50),
    at(65, 2),
    changeRecord({ action: 'remove', kind: 'Pipeline', name: 'a' }),
    at(70, 60),
  );
  await pipeline.flush();
  await pipeline[Symbol.asyncDispose]();
  const journal = Object.assign(rig.journal, {
    start: 2,
    batches: rig.journal.batches.slice(1),
    receivedBefore: () => [{ tenant: 't', project: 'p', received: 1, receivedQos0: 0 }],
  });
  const { signal } = new AbortController();
  for await (const step of auditLedger({ journal, source: memory, routes: DEFAULT_ROUTES, signal }))
    if (step.kind === 'result') assert.deepEqual(step.report.findings, []);
  assert.equal((await memory.stages()).length, 2);
});
