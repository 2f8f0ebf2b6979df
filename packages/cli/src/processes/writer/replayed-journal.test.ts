import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BatchBuilder, RECORD_KIND } from '@skerry/journal';
import { MemoryJournal } from '@skerry/journal/memory';
import { createMeter, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { DEFAULT_ROUTES } from '@skerry/pipeline';
import { headValue, type SinkPoints } from '@skerry/series';
import { type ReplayRange, replayJournal } from './replayed-journal.ts';

const NOON = Date.UTC(2026, 10, 24, 12) * 1_000;
const SECOND = 1_000_000;
const ALL: ReplayRange = {
  fromOffset: 0,
  toOffset: Number.MAX_SAFE_INTEGER,
  fromMicros: Number.MIN_SAFE_INTEGER,
  toMicros: Number.MAX_SAFE_INTEGER,
};

/** A journal of three batches, ten records each: one value a second, each sixth no JSON. */
async function aJournal(): Promise<MemoryJournal> {
  const journal = new MemoryJournal({ clock: nodeClock(), random: nodeRandom() });
  const builder = new BatchBuilder();
  const bytes = (text: string) => new TextEncoder().encode(text);
  for (let n = 0; n < 30; n++) {
    const receivedMicros = NOON + n * SECOND;
    builder.add({
      kind: RECORD_KIND.telemetry,
      qos: 1,
      retain: false,
      project: builder.project('t', 'p'),
      receivedMicros,
      topic: bytes(`iot/t/p/d${n % 3}/telemetry`),
      client: bytes('c'),
      payload: bytes(n % 6 === 5 ? '{broken' : JSON.stringify({ ts: receivedMicros / 1_000, v: n })),
      headers: new Uint8Array(0),
    });
    if (n % 10 < 9) continue;
    const batch = builder.close();
    if (batch) await journal.append(batch);
  }
  return journal;
}

async function valuesIn(
  journal: MemoryJournal,
  range: Partial<ReplayRange>,
  take: (points: SinkPoints) => Promise<void> = async () => undefined,
): Promise<unknown[]> {
  const found: unknown[] = [];
  const { signal } = new AbortController();
  const needs = { clock: nodeClock(), logger: silentLogger, meter: createMeter(), signal };
  await replayJournal(journal, { ...ALL, ...range }, { ...needs, routes: DEFAULT_ROUTES }, async (points) => {
    await take(points);
    const { rows, columns } = points.view;
    for (let row = 0; row < rows; row++) {
      const value = headValue(columns, row);
      assert.equal(columns.offset[row], value, 'each has its place');
      assert.equal(points.nameOf(Number(columns.series[row]))?.device, `d${Number(value) % 3}`);
      found.push(value);
    }
  });
  return found.sort((a, b) => Number(a) - Number(b));
}

const expected = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => from + i).filter((n) => n % 6 !== 5);

test('replayJournal: points of a range of records or of event times, and no others', async () => {
  await using journal = await aJournal();
  assert.deepEqual(await valuesIn(journal, {}), expected(0, 30));
  assert.deepEqual(await valuesIn(journal, { fromOffset: 7, toOffset: 13 }), expected(7, 13));
  const times = { fromMicros: NOON + 18 * SECOND, toMicros: NOON + 21 * SECOND };
  assert.deepEqual(await valuesIn(journal, times), expected(18, 21));
  assert.deepEqual(await valuesIn(journal, { ...times, fromOffset: 19 }), expected(19, 21));
  assert.deepEqual(await valuesIn(journal, { fromOffset: 30 }), []);
});

test('replayJournal: a fault of whoever takes the points ends it', async () => {
  await using journal = await aJournal();
  const full = new TypeError('no room');
  await assert.rejects(
    valuesIn(journal, {}, () => Promise.reject(full)),
    full,
  );
});
