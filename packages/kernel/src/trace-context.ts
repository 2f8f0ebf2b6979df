/** Where a span stands in its trace, as W3C Trace Context tells it from process to process. */
export interface TraceContext {
  /** 32 hex digits, not all zero. */
  readonly traceId: string;
  /** Of the span itself: 16 hex digits, not all zero. */
  readonly spanId: string;
  /** What other systems told beside it; handed on as it came. */
  readonly traceState?: string;
}

const TRACE_PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 1;

/** What a `traceparent` says. */
export interface TraceParent extends TraceContext {
  /** Whether whoever began the trace follows this one. */
  readonly isSampled: boolean;
}

/**
 * Reads a `traceparent` (https://www.w3.org/TR/trace-context/#traceparent-header-field-values); undefined for anything
 * else. Versions above 00 are read as far as 00 goes.
 */
export function parseTraceParent(text: string): TraceParent | undefined {
  const [, version, traceId = '', spanId = '', flags = '', rest] = TRACE_PARENT.exec(text) ?? [];
  if (version === undefined || version === 'ff' || (version === '00' && rest !== undefined)) return undefined;
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & SAMPLED) !== 0 };
}

/** The `traceparent` of a span that is followed: 55 ASCII characters. */
export function traceParentOf({ traceId, spanId }: TraceContext): string {
  return `00-${traceId}-${spanId}-01`;
}
