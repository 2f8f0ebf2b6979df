import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@skerry/kernel';
import type { PointValue } from '@skerry/model';
import { createHead, type Head, headValue } from '@skerry/series';
import fc from 'fast-check';
import { Catalogue } from './catalogue.ts';
import { DeadLetterBook } from './dead-letter-book.ts';
import { SparkplugBook } from './decoders/sparkplug-book.ts';
import { LatestValues } from './latest-values.ts';
import { LiveRing } from './live-ring.ts';
import { OriginBook } from './origin-book.ts';
import { RecordCursor } from './record-cursor.ts';
import { RecordProcessor } from './record-processor.ts';
import { compileRoutes, DEFAULT_ROUTES } from './routes.ts';
import { SealDraft } from './seal-draft.ts';
import { SessionBook } from './session-book.ts';
import { StageBook } from './stages/stage-book.ts';
import { bodyOf, SAMPLE_MICROS } from './testing/record-builder.ts';

interface Message {
  readonly device: string;
  readonly values: readonly (readonly [metric: string, value: number | boolean | string | bigint])[];
}

interface Point {
  readonly device: string;
  readonly metric: string;
  readonly value: PointValue;
  readonly time: number;
  readonly offset: number;
  readonly ordinal: number;
}

const ROWS_MAX = 16;

/** A processor over rooms of its own, the ring small enough to go round. */
class Rooms {
  readonly catalogue = new Catalogue();
  readonly latest = new LatestValues();
  readonly ring = new LiveRing({ offset: -1, ordinal: 0 }, ROWS_MAX);
  readonly head: Head = createHead(4_096, 65_536);
  readonly draft = new SealDraft(1, 0, this.head, 0);
  readonly #cursor = new RecordCursor();
  readonly #processor: RecordProcessor;

  constructor() {
    this.#processor = new RecordProcessor(
      {
        route: compileRoutes(DEFAULT_ROUTES),
        catalogue: this.catalogue,
        latest: this.latest,
        ring: this.ring,
        letters: new DeadLetterBook(),
        sessions: new SessionBook(),
        stages: new StageBook(),
        origins: new OriginBook(true),
        sparkplug: new SparkplugBook(),
        logger: silentLogger,
      },
      0,
    );
  }

  process(messages: readonly Message[]): void {
    const body = bodyOf(
      messages.map(({ device, values }, i) => ({
        topic: `iot/t/p/${device}/telemetry`,
        payload: payloadOf(values),
        receivedMicros: SAMPLE_MICROS + i,
      })),
    );
    const counts = { count: messages.length, telemetryBefore: 0, telemetryCount: messages.length };
    this.#cursor.begin({ firstOffset: 0, appendedMicros: SAMPLE_MICROS, body, ...counts });
    this.#processor.beginBatch(this.#cursor);
    while (this.#cursor.next()) assert.ok(this.#processor.process(this.#cursor, this.draft));
  }

  /** The rows of the head by the names of their series. */
  points(): Point[] {
    const { columns, rows } = this.head;
    return Array.from({ length: rows }, (_, row) => ({
      ...this.#nameOf(Number(columns.series[row])),
      value: headValue(columns, row),
      time: Number(columns.time[row]),
      offset: Number(columns.offset[row]),
      ordinal: Number(columns.ordinal[row]),
    }));
  }

  /** The rows that the ring holds. */
  live(): Point[] {
    const rows = Array.from({ length: this.ring.end - this.ring.start }, (_, i) => this.ring.start + i);
    return rows.map((row) => ({
      ...this.#nameOf(this.ring.seriesOf(row)),
      value: this.ring.valueOf(row),
      time: this.ring.timeOf(row),
      ...this.ring.placeOf(row),
    }));
  }

  #nameOf(id: number): { device: string; metric: string } {
    const { device = '', metric = '' } = this.catalogue.series[id] ?? {};
    return { device, metric };
  }
}

function payloadOf(values: Message['values']): string {
  return `{${values.map(([metric, value]) => `"${metric}":${typeof value === 'string' ? JSON.stringify(value) : value}`).join(',')}}`;
}

/** What the head must hold, made without any of the code under test. */
function pointsOf(messages: readonly Message[]): Point[] {
  return messages.flatMap(({ device, values }, offset) =>
    values.map(([metric, value], ordinal) => {
      const time = SAMPLE_MICROS + offset;
      return { device, metric, value, time, offset, ordinal };
    }),
  );
}

function assertSame(rooms: Rooms, messages: readonly Message[]): void {
  const wanted = pointsOf(messages);
  assert.deepEqual(rooms.points(), wanted);
  assert.deepEqual(rooms.live(), wanted.slice(-ROWS_MAX));
  const gone = wanted.at(-ROWS_MAX - 1);
  const start = gone ? { offset: gone.offset, ordinal: gone.ordinal } : { offset: -1, ordinal: 0 };
  assert.deepEqual(rooms.ring.before, start);
  for (const [id, { device, metric }] of rooms.catalogue.series.entries()) {
    const last = wanted.findLast((one) => one.device === device && one.metric === metric);
    assert.equal(rooms.latest.get(id)?.value, last?.value);
  }
  const stored = [...rooms.draft.seal('j', messages.length, messages.length, rooms.catalogue).accounts];
  const devices = [...new Set(messages.map(({ device }) => device))];
  const counts = devices.map((device) => messages.filter((one) => one.device === device).length);
  assert.deepEqual(
    stored.map((one) => [one.device, one.stored]),
    devices.map((device, i) => [device, counts[i]]),
  );
}

const value = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -1_000, max: 1_000 }).map((n) => n / 4) },
  { weight: 1, arbitrary: fc.constantFrom(true, false, 'on', '', 2n ** 60n) },
);
const metrics = ['a', 'b', 'c', 'd'];
const aMessage = fc
  .record({
    device: fc.constantFrom('d1', 'd2', 'd3'),
    names: fc.oneof(fc.constantFrom(metrics, metrics.slice(0, 2)), fc.shuffledSubarray(metrics)),
    values: fc.array(value, { minLength: 4, maxLength: 4 }),
  })
  .map(({ device, names, values }): Message => {
    return { device, values: names.map((name, i) => [name, values[i] ?? 0] as const) };
  });

test('RecordProcessor gives every point to the series of its own name, whatever the records before looked like', () => {
  fc.assert(
    fc.property(fc.array(aMessage, { maxLength: 60 }), (messages) => {
      const rooms = new Rooms();
      rooms.process(messages);
      assertSame(rooms, messages);
    }),
    { numRuns: 300 },
  );
});

test('RecordProcessor keeps devices of one shape apart whose series are in a row, and those whose are not', () => {
  const row = (device: string, names: readonly string[], from: number): Message => ({
    device,
    values: names.map((name, i) => [name, from + i] as const),
  });
  const messages = [
    row('d1', ['a', 'b'], 0),
    row('d2', ['b'], 10), // its series b comes before its a
    row('d2', ['a', 'b'], 20),
    row('d1', ['a', 'b'], 30),
    row('d2', ['a', 'b'], 40),
    row('d3', ['a', 'b'], 50),
    row('d3', ['a', 'b'], 60),
    row('d3', ['b', 'a'], 70),
    row('d3', ['a'], 80),
    row('d1', ['a', 'b'], 90),
  ];
  const rooms = new Rooms();
  rooms.process(messages);
  assertSame(rooms, messages);
});

test('RecordCursor fails on a batch whose record ends behind it', () => {
  const body = bodyOf([{}, {}]);
  const cursor = new RecordCursor();
  cursor.begin({
    firstOffset: 7,
    count: 2,
    telemetryBefore: 0,
    telemetryCount: 2,
    appendedMicros: SAMPLE_MICROS,
    body,
  });
  new DataView(body.buffer, body.byteOffset).setUint32(0, body.length, true);
  assert.throws(() => cursor.next(), /Record 7 ends at byte \d+ of a batch of \d+ bytes\./);
});
