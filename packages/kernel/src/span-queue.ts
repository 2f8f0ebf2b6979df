import { LIMITS } from './limits.ts';
import type { Counter, Gauge, Meter } from './meter.ts';
import type { Random } from './random.ts';
import type { TraceContext } from './trace-context.ts';
import type { Span, Tracer } from './tracer.ts';

/** Why a span was dropped. */
export type SpanLoss = 'queue-full' | 'refused' | 'unreachable';

const LOSSES: readonly SpanLoss[] = ['queue-full', 'refused', 'unreachable'];
const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** What a queue of spans works with. */
export interface SpanQueueNeeds {
  readonly random: Pick<Random, 'bytes' | 'float'>;
  readonly meter: Meter;
}

/** Spans that wait to be told: bounded, the newest is dropped when it is full. Counts what became of each. */
export class SpanQueue implements Tracer {
  readonly #random: SpanQueueNeeds['random'];
  readonly #ratio: number;
  readonly #exported: Counter;
  readonly #dropped: Readonly<Record<SpanLoss, Counter>>;
  readonly #gauge: Gauge;
  #spans: Span[] = [];
  /** Records without a context until the next one that begins a trace. */
  #skip: number;
  #listener: () => void = () => undefined;

  /** `ratio`: share of the records without a trace context that begin one, 0 to 1. */
  constructor(ratio: number, { random, meter }: SpanQueueNeeds) {
    this.#random = random;
    this.#ratio = ratio;
    this.#skip = this.#nextSkip();
    this.#exported = meter.counter('iot_tracing_spans_exported_total', 'Spans that the collector has taken.');
    const lost = (reason: SpanLoss) =>
      meter.counter(
        'iot_tracing_spans_dropped_total',
        'Spans that were not told: no room in the queue, refused by the collector, or not reached, by reason.',
        { reason },
      );
    this.#dropped = Object.fromEntries(LOSSES.map((reason) => [reason, lost(reason)])) as Record<
      SpanLoss,
      Counter
    >; // one for each reason
    this.#gauge = meter.gauge('iot_tracing_spans_queued', 'Spans that wait to be told to the collector.');
  }

  /** Spans that wait. */
  get length(): number {
    return this.#spans.length;
  }

  begins(): boolean {
    if (this.#skip > 0) {
      this.#skip--;
      return false;
    }
    this.#skip = this.#nextSkip();
    return true;
  }

  open(parent?: TraceContext): TraceContext {
    const spanId = this.#id(SPAN_ID_BYTES);
    if (!parent) return { traceId: this.#id(TRACE_ID_BYTES), spanId };
    const { traceId, traceState } = parent;
    return traceState === undefined ? { traceId, spanId } : { traceId, spanId, traceState };
  }

  finish(span: Span): void {
    if (this.#spans.length >= LIMITS.spansQueuedMax.value) {
      this.lost('queue-full', 1);
      return;
    }
    this.#spans.push(span);
    this.#gauge.set(this.#spans.length);
    this.#listener();
  }

  /** Installs the one listener that is told of each span that came in. */
  onSpan(listener: () => void): void {
    this.#listener = listener;
  }

  /** Takes the oldest out, at most `most`. */
  take(most: number): Span[] {
    const taken = this.#spans.splice(0, most);
    this.#gauge.set(this.#spans.length);
    return taken;
  }

  /** So many of those taken out were told. */
  told(count: number): void {
    this.#exported.add(count);
  }

  /** So many will never be told. */
  lost(reason: SpanLoss, count: number): void {
    this.#dropped[reason].add(count);
  }

  /** Geometric: each record begins a trace with the same probability, and the others cost a decrement. */
  #nextSkip(): number {
    if (this.#ratio >= 1) return 0;
    if (this.#ratio <= 0) return Number.POSITIVE_INFINITY;
    return Math.floor(Math.log(1 - this.#random.float()) / Math.log(1 - this.#ratio));
  }

  /** Not all zero, which would be no id. */
  #id(bytes: number): string {
    for (;;) {
      const id = Buffer.from(this.#random.bytes(bytes)).toString('hex');
      if (!/^0+$/.test(id)) return id;
    }
  }
}
