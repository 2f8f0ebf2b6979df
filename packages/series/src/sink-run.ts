import { type Clock, CodedError, type Counter, type Gauge, type Logger, type Meter } from '@skerry/kernel';
import { SeriesError } from './errors.ts';
import { LIMITS } from './limits.ts';
import type { PointSink, PreparedPoints, SinkBook, SinkPoints, SinkStep, SinkTrouble } from './sink.ts';

/** One sink on the way after one source. */
export interface SinkRunParts<P extends PreparedPoints = PreparedPoints> {
  readonly sink: PointSink<P>;
  readonly book: SinkBook;
  /** The last seal that the primary store has committed. */
  readonly committed: number;
}

/** What a run needs from its process. */
export interface SinkRunNeeds {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly logger: Logger;
  readonly meter: Meter;
}

interface Delivery<P> {
  readonly seal: number;
  readonly points: readonly P[];
  readonly count: number;
  readonly missed: number;
}

const RETRY_MS = 1_000;

/**
 * Brings the points of a source into a sink, seal by seal and in order, and keeps in the primary how far it is. Seals
 * that the sink does not take in time are let go of, and read from the primary when their turn comes: a sink that is
 * away costs a bounded memory, and no seal waits for it.
 */
export class SinkRun<P extends PreparedPoints = PreparedPoints> implements AsyncDisposable {
  /** Resolves when the run was disposed. A fault does not end it: it begins again behind what the sink has. */
  readonly ended: Promise<void>;
  readonly #parts: SinkRunParts<P>;
  readonly #needs: SinkRunNeeds;
  readonly #metrics: SinkMetrics;
  readonly #ending = new AbortController();
  /** Seals that follow each other, and the last one of them or of what is being written. */
  #queue: { readonly seal: number; readonly prepared: P }[] = [];
  #queuedBytes = 0;
  #reach: number;
  #position: number;
  #committed: number;
  #bookTrouble: SinkTrouble | undefined;
  #runTrouble: SinkTrouble | undefined;
  /** That what was written last is kept. */
  #kept = Promise.resolve();
  #wake: () => void = () => undefined;

  constructor(parts: SinkRunParts<P>, needs: SinkRunNeeds) {
    this.#parts = parts;
    this.#needs = needs;
    this.#metrics = sinkMetrics(needs.meter, parts.sink.name);
    this.#position = parts.book.seal;
    this.#reach = parts.book.seal;
    this.#committed = parts.committed;
    this.ended = this.#follow();
  }

  /** The last seal that the sink has. */
  get position(): number {
    return this.#position;
  }

  get name(): string {
    return this.#parts.sink.name;
  }

  /** What keeps the sink from going on, in words. */
  get trouble(): SinkTrouble | undefined {
    return this.#runTrouble ?? this.#bookTrouble ?? this.#parts.sink.trouble;
  }

  /** Tells of a seal that the primary has committed; copies its points where the sink keeps up. */
  offer(seal: number, points: SinkPoints): void {
    this.#committed = Math.max(this.#committed, seal);
    if (seal === this.#reach + 1 && this.#queuedBytes < LIMITS.sinkBehindBytes.value) {
      const prepared = this.#parts.sink.prepare(points);
      this.#queue.push({ seal, prepared });
      this.#queuedBytes += prepared.bytes;
      this.#reach = seal;
    }
    this.#tellLag();
    this.#wake();
  }

  /** Ends it; what is being written is written again by the next run. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#wake();
    await this.ended;
  }

  async #follow(): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        const delivery = this.#takeQueued() ?? (await this.#readBehind());
        if (delivery) await this.#deliver(delivery);
        else {
          await this.#kept;
          await this.#news();
        }
      } catch (fault) {
        if (!signal.aborted) await this.#beginAgain(fault);
      }
    }
    await Promise.allSettled([this.#kept]);
  }

  /** Nothing is forgotten: what was queued is read from the primary. The primary itself goes on meanwhile. */
  async #beginAgain(fault: unknown): Promise<void> {
    const { clock, logger } = this.#needs;
    const { name } = this.#parts.sink;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#kept = Promise.resolve();
    this.#reach = this.#position;
    const reason = fault instanceof Error ? fault.message : String(fault);
    const code = fault instanceof CodedError ? String(fault.code) : 'internal';
    if (!this.#runTrouble?.detail.endsWith(reason))
      logger.log('error', 'a sink cannot go on; it is tried again', { sink: name, reason });
    this.#runTrouble = { code, detail: `sink ${name}: ${reason}` };
    await clock.sleep(RETRY_MS, this.#ending.signal);
  }

  async #deliver({ seal, points, count, missed }: Delivery<P>): Promise<void> {
    const { sink } = this.#parts;
    const refusals = count === 0 ? [] : await sink.write(points, this.#ending.signal);
    await this.#kept;
    // the next points go out while this is kept
    this.#kept = this.#keep({ seal, points: count - refusals.length, missed, refusals });
    this.#kept.catch(() => undefined); // the next one to wait for it is told
  }

  async #keep(step: SinkStep): Promise<void> {
    const { sink, book } = this.#parts;
    const { seal, points, missed, refusals } = step;
    await this.#withBook(() => book.advance(step));
    this.#position = seal;
    this.#runTrouble = undefined;
    this.#metrics.points.add(points);
    this.#metrics.refused.add(refusals.length);
    this.#metrics.missed.add(missed);
    const { logger } = this.#needs;
    const [first] = refusals;
    if (first)
      logger.log('warn', 'a sink refuses points', {
        sink: sink.name,
        refused: refusals.length,
        line: first.line.slice(0, 500),
        reason: first.reason.slice(0, 500),
      });
    if (missed > 0)
      logger.log('warn', 'retention removed seals before a sink had them', { sink: sink.name, missed });
    this.#tellLag();
  }

  #takeQueued(): Delivery<P> | undefined {
    const last = this.#queue.at(-1);
    if (!last) return undefined;
    const points = this.#queue.map(({ prepared }) => prepared);
    this.#queue = [];
    this.#queuedBytes = 0;
    return { seal: last.seal, points, count: sumOf(points), missed: 0 };
  }

  /** What the primary has beyond the sink and what is queued: nothing, where the sink keeps up. */
  async #readBehind(): Promise<Delivery<P> | undefined> {
    if (this.#committed <= this.#reach) return undefined;
    const page = await this.#withBook(() => this.#parts.book.readAfter(this.#reach));
    if (!page) {
      // retention has removed all of it
      const missed = this.#committed - this.#reach;
      this.#reach = this.#committed;
      return { seal: this.#reach, points: [], count: 0, missed };
    }
    this.#reach = page.seal;
    this.#committed = Math.max(this.#committed, page.seal);
    const points = [this.#parts.sink.prepare(page.points)];
    return { seal: page.seal, points, count: sumOf(points), missed: page.missed };
  }

  /** Asks the primary until it answers. */
  async #withBook<T>(ask: () => Promise<T>): Promise<T> {
    const { signal } = this.#ending;
    for (;;) {
      signal.throwIfAborted();
      try {
        const answer = await ask();
        this.#bookTrouble = undefined;
        return answer;
      } catch (fault) {
        if (!(fault instanceof SeriesError) || fault.advice !== 'retry') throw fault;
        const { name } = this.#parts.sink;
        if (this.#bookTrouble?.code !== fault.code)
          this.#needs.logger.log('warn', 'the book of a sink cannot be used', {
            sink: name,
            reason: fault.message,
          });
        this.#bookTrouble = { code: fault.code, detail: `sink ${name}: ${fault.message}` };
        await this.#needs.clock.sleep(RETRY_MS, signal);
      }
    }
  }

  #news(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
      // what came since it was looked for
      if (this.#ending.signal.aborted || this.#queue.length > 0 || this.#committed > this.#reach) resolve();
    });
  }

  #tellLag(): void {
    this.#metrics.lag.set(this.#committed - this.#position);
  }
}

interface SinkMetrics {
  readonly points: Counter;
  readonly refused: Counter;
  readonly missed: Counter;
  readonly lag: Gauge;
}

function sinkMetrics(meter: Meter, sink: string): SinkMetrics {
  const labels = { sink };
  return {
    points: meter.counter('iot_sink_points_total', 'Points that a sink has taken.', labels),
    refused: meter.counter('iot_sink_refused_total', 'Points that a sink will never take.', labels),
    missed: meter.counter(
      'iot_sink_missed_seals_total',
      'Seals that retention removed before a sink had them.',
      labels,
    ),
    lag: meter.gauge('iot_sink_lag_seals', 'Committed seals that a sink has not taken yet.', labels),
  };
}

function sumOf(points: readonly PreparedPoints[]): number {
  return points.reduce((sum, one) => sum + one.points, 0);
}
