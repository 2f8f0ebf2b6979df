import type { Clock } from '@skerry/kernel';
import type { DeadLetter, PointValue, SeriesDefinition } from '@skerry/model';
import type { HeadView } from '../head.ts';
import { createHead, textBytesOf, viewOf } from '../shared-head.ts';
import type { Seal } from '../store.ts';

/** 2026-11-24T10:00:00Z in microseconds. */
export const NOON = Date.UTC(2026, 10, 24, 10) * 1000;

/** A point of a test with its series. */
export interface SamplePoint {
  readonly series: number;
  readonly time: number;
  readonly value: PointValue;
  readonly offset: number;
  readonly ordinal: number;
}

/** A clock that a test moves; every look at the monotonic time moves it by `stepMs`. */
export class StepClock implements Clock {
  stepMs = 0;
  #monotonicMs = 1_000;
  #wallMicros: number;

  constructor(wallMicros = NOON) {
    this.#wallMicros = wallMicros;
  }

  nowMicros(): number {
    return this.#wallMicros;
  }

  monotonicMs(): number {
    this.advance(this.stepMs);
    return this.#monotonicMs;
  }

  /** Time passes. */
  advance(ms: number): void {
    this.#monotonicMs += ms;
    this.#wallMicros += ms * 1000;
  }

  /** The wall clock is set; no time passes. */
  jump(ms: number): void {
    this.#wallMicros += ms * 1000;
  }

  startTimer(): Disposable {
    throw new Error('the store starts no timers');
  }

  startTicker(): Disposable {
    throw new Error('the store starts no timers');
  }

  sleep(): Promise<void> {
    throw new Error('the store does not sleep');
  }
}

/** Points as a head to be sealed under `sealNumber`. */
export function aHeadView(sealNumber: number, points: readonly SamplePoint[]): HeadView {
  const textBytes = points.reduce((sum, point) => sum + textBytesOf(point.value), 0);
  const head = createHead(Math.max(1, points.length), textBytes);
  for (const point of points) head.append(point.series, point.time, point.value, point.offset, point.ordinal);
  return viewOf(head, sealNumber);
}

/** Definitions of series by id, of one device. */
export function someSeries(ids: Iterable<number>): SeriesDefinition[] {
  return Array.from(new Set(ids), (id) => ({
    id,
    tenant: 't1',
    project: 'p1',
    device: 'd1',
    metric: `m${id}`,
  }));
}

/**
 * A seal of these points; everything else is empty unless given. The first one defines the series of its points and
 * those of ids 1 and 2, which the tests use: a store may rely on a definition before the first point.
 */
export function aSeal(number: number, points: readonly SamplePoint[], rest: Partial<Seal> = {}): Seal {
  return {
    number,
    journalId: '00112233445566778899aabbccddeeff',
    from: (number - 1) * 100,
    position: number * 100,
    telemetryPosition: number * 90,
    logTimeMicros: NOON + number * 1_000_000,
    points: aHeadView(number, points),
    series: number === 1 ? someSeries([1, 2, ...points.map(({ series }) => series)]) : [],
    accounts: [],
    dedupe: [],
    gaps: [],
    deadLetters: [],
    deadLetterChanges: [],
    verdicts: [{ verdict: 'stored', count: 100 }],
    ...rest,
  };
}

/** An open dead letter. */
export function aDeadLetter(offset: number, rest: Partial<DeadLetter> = {}): DeadLetter {
  return {
    offset,
    receivedMicros: NOON,
    tenant: 't1',
    project: 'p1',
    device: 'd1',
    topic: 'iot/t1/p1/d1/telemetry',
    client: 'c1',
    reason: 'undecodable',
    detail: 'found {, wanted JSON',
    stage: 'decode',
    payload: Uint8Array.of(123, 0, 255),
    qos: 1,
    state: 'open',
    author: '',
    changedMicros: 0,
    ...rest,
  };
}
