import type { TraceContext } from './trace-context.ts';

/** What a span is to the others of its trace (https://opentelemetry.io/docs/specs/otel/trace/api/#spankind). */
export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

/** What is told of a span beside its times, by the names of OpenTelemetry's semantic conventions. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

/** A span that is over. */
export interface Span {
  /** Few different ones: no ids in it. */
  readonly name: string;
  readonly kind: SpanKind;
  readonly context: TraceContext;
  /** Undefined for the first of its trace. */
  readonly parent: TraceContext | undefined;
  /** Microseconds since 1970. */
  readonly startMicros: number;
  readonly endMicros: number;
  /** Undefined values are left out. */
  readonly attributes?: SpanAttributes;
  /** Spans of other traces that it did its work for. */
  readonly links?: readonly TraceContext[];
  /** Links that were left out. */
  readonly linksDropped?: number;
  /** Why it failed; absent when it did not. */
  readonly fault?: string;
}

/**
 * Tells spans to whoever collects them. It never waits and never fails: what there is no room for is dropped and counted.
 * Absent where nothing is traced.
 */
export interface Tracer {
  /** Whether a record that brings no trace context begins a trace: so many of all as configured. */
  begins(): boolean;
  /** The context of a new span: in the trace of `parent`, or the first of a new trace. */
  open(parent?: TraceContext): TraceContext;
  /** Takes a span that is over. */
  finish(span: Span): void;
}
