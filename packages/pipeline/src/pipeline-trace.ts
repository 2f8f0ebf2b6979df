import { HEADER, RECORD_KIND } from '@skerry/journal';
import {
  type Clock,
  LIMITS as KERNEL_LIMITS,
  parseTraceParent,
  type SpanAttributes,
  type SpanKind,
  type TraceContext,
  type Tracer,
} from '@skerry/kernel';
import type { RecordCursor } from './record-cursor.ts';
import type { SealDraft } from './seal-draft.ts';

/** What the spans of a pipeline say of where records come from and go to. */
export interface PipelineTracing {
  readonly tracer: Tracer;
  /** Of the span of a record: from its reading until its transaction is durable. */
  readonly record: {
    readonly name: string;
    readonly kind: SpanKind;
    readonly attributes: SpanAttributes;
    /** Name of the attribute that has the record's offset. */
    readonly offset: string;
    /** Whether records without a trace context may begin a trace here: nobody in front of this pipeline decides about it. */
    readonly mayBegin: boolean;
  };
  /** Of the spans of a transaction, which are named by its operation and collection. */
  readonly store: SpanAttributes & {
    readonly 'db.operation.name': string;
    readonly 'db.collection.name': string;
  };
}

/** A record that is followed. */
interface Followed {
  readonly context: TraceContext;
  readonly parent: TraceContext | undefined;
  readonly offset: number;
  readonly startMicros: number;
  readonly endMicros: number;
  readonly verdict: string;
  /** Why it was set aside. */
  readonly fault: string | undefined;
}

interface Sealing {
  readonly context: TraceContext;
  readonly number: number;
  readonly startMicros: number;
  readonly records: readonly Followed[];
}

/**
 * The spans of records and seals: a record's own with those of its decoding and its transaction below it, all told when
 * the transaction is durable, and one for each seal with records that are followed, which names them and is named by them.
 */
export class PipelineTrace {
  readonly #tracing: PipelineTracing;
  readonly #clock: Pick<Clock, 'nowMicros'>;
  #open: Followed[] = [];
  #sealing: Sealing | undefined;
  /** Of the record that is being judged, where it is followed. */
  #parent: TraceContext | undefined;
  #isFollowed = false;
  #startMicros = 0;

  constructor(tracing: PipelineTracing, clock: Pick<Clock, 'nowMicros'>) {
    this.#tracing = tracing;
    this.#clock = clock;
  }

  /** A record is about to be given its verdict. */
  begin(record: RecordCursor): void {
    const text = record.traceParent;
    const found = text === undefined ? undefined : parseTraceParent(text);
    this.#isFollowed =
      (found ? found.isSampled : this.#mayBegin(record)) &&
      this.#open.length < KERNEL_LIMITS.spanRecordsMax.value;
    if (!this.#isFollowed) return;
    const { traceState } = record;
    this.#parent = found && traceState !== undefined ? { ...found, traceState } : found;
    this.#startMicros = this.#clock.nowMicros();
  }

  /** The record has its verdict, the last of the draft. */
  judged(record: RecordCursor, draft: SealDraft): void {
    if (!this.#isFollowed) return;
    const verdict = draft.lastVerdict ?? 'none';
    this.#open.push({
      context: this.#tracing.tracer.open(this.#parent),
      parent: this.#parent,
      offset: record.offset,
      startMicros: this.#startMicros,
      endMicros: this.#clock.nowMicros(),
      verdict,
      fault: verdict === 'deadLettered' ? draft.deadLetters.at(-1)?.reason : undefined,
    });
  }

  /** What was judged so far goes into a seal. Returns its trace context where records of it are followed. */
  sealing(number: number): TraceContext | undefined {
    const records = this.#open;
    this.#sealing = undefined;
    if (records.length === 0) return undefined;
    this.#open = [];
    const context = this.#tracing.tracer.open();
    this.#sealing = { context, number, startMicros: this.#clock.nowMicros(), records };
    return context;
  }

  /** The seal is durable, or will never be: `fault` says why. */
  sealed(fault?: string): void {
    const sealing = this.#sealing;
    this.#sealing = undefined;
    if (!sealing) return;
    const endMicros = this.#clock.nowMicros();
    const failure = fault === undefined ? {} : { fault };
    const { tracer, store } = this.#tracing;
    const { context, number, startMicros, records } = sealing;
    for (const one of records) this.#tell(one, sealing, endMicros, failure);
    const most = KERNEL_LIMITS.spanLinksMax.value;
    tracer.finish({
      name: transactionName(store),
      kind: 'client',
      context,
      parent: undefined,
      startMicros,
      endMicros,
      attributes: { ...store, 'skerry.seal': number },
      links: records.slice(0, most).map((one) => one.context),
      linksDropped: Math.max(0, records.length - most),
      ...failure,
    });
  }

  #mayBegin(record: RecordCursor): boolean {
    const { tracer, record: own } = this.#tracing;
    if (!own.mayBegin || record.kind !== RECORD_KIND.telemetry || !tracer.begins()) return false;
    return record.header(HEADER.origin) === undefined; // a gateway has decided about it
  }

  #tell(one: Followed, sealing: Sealing, endMicros: number, failure: { readonly fault?: string }): void {
    const { tracer, record, store } = this.#tracing;
    const { context } = one;
    const fault = one.fault ?? failure.fault;
    tracer.finish({
      name: record.name,
      kind: record.kind,
      context,
      parent: one.parent,
      startMicros: one.startMicros,
      endMicros,
      attributes: { ...record.attributes, [record.offset]: one.offset, 'skerry.verdict': one.verdict },
      ...(fault === undefined ? {} : { fault }),
    });
    tracer.finish({
      name: 'decode',
      kind: 'internal',
      context: tracer.open(context),
      parent: context,
      startMicros: one.startMicros,
      endMicros: one.endMicros,
      attributes: { 'skerry.verdict': one.verdict },
      ...(one.fault === undefined ? {} : { fault: one.fault }),
    });
    tracer.finish({
      name: transactionName(store),
      kind: 'client',
      context: tracer.open(context),
      parent: context,
      startMicros: sealing.startMicros,
      endMicros,
      attributes: { ...store, 'skerry.seal': sealing.number },
      links: [sealing.context],
      ...failure,
    });
  }
}

function transactionName(store: PipelineTracing['store']): string {
  return `${store['db.operation.name']} ${store['db.collection.name']}`;
}
