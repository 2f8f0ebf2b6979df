import type { TraceContext } from './trace-context.ts';
import type { Span, SpanAttributes, SpanKind } from './tracer.ts';

/** Of which process spans are told. */
export interface OtlpSource {
  /** Attributes of the resource, by OpenTelemetry's semantic conventions. */
  readonly resource: SpanAttributes;
  readonly version: string;
}

/** The version of the semantic conventions whose names are used. */
const SCHEMA_URL = 'https://opentelemetry.io/schemas/1.37.0';
const KINDS: Readonly<Record<SpanKind, number>> = {
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
};
const STATUS_ERROR = 2;
const SAMPLED = 1;

/**
 * The body of a request of OTLP/HTTP with JSON (opentelemetry-proto 1, `ExportTraceServiceRequest`): ids in hex, 64-bit
 * integers as text, enumerations as numbers.
 */
export function encodeOtlp(spans: readonly Span[], { resource, version }: OtlpSource): string {
  return JSON.stringify({
    resourceSpans: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeSpans: [{ scope: { name: 'skerry', version }, spans: spans.map(spanOf), schemaUrl: SCHEMA_URL }],
        schemaUrl: SCHEMA_URL,
      },
    ],
  });
}

/** How many spans an answer says were not taken (`ExportTracePartialSuccess`). */
export function rejectedSpans(answer: string): { readonly count: number; readonly why: string } {
  let body: unknown;
  try {
    body = JSON.parse(answer);
  } catch {
    return { count: 0, why: '' }; // no JSON is no partial success
  }
  const partial: unknown = isObject(body) ? body.partialSuccess : undefined;
  if (!isObject(partial)) return { count: 0, why: '' };
  const count = Number(partial.rejectedSpans ?? 0);
  return {
    count: Number.isSafeInteger(count) && count > 0 ? count : 0,
    why: String(partial.errorMessage ?? ''),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function spanOf(span: Span): object {
  const { name, kind, context, parent, startMicros, endMicros, attributes, links, linksDropped, fault } =
    span;
  return {
    ...idsOf(context),
    ...(parent && { parentSpanId: parent.spanId }),
    flags: SAMPLED,
    name,
    kind: KINDS[kind],
    startTimeUnixNano: nanosOf(startMicros),
    endTimeUnixNano: nanosOf(Math.max(startMicros, endMicros)),
    ...(attributes && { attributes: attributesOf(attributes) }),
    ...(links && links.length > 0 && { links: links.map((link) => ({ ...idsOf(link), flags: SAMPLED })) }),
    ...(linksDropped && { droppedLinksCount: linksDropped }),
    ...(fault !== undefined && { status: { code: STATUS_ERROR, message: fault } }),
  };
}

function idsOf({ traceId, spanId, traceState }: TraceContext): object {
  return traceState === undefined ? { traceId, spanId } : { traceId, spanId, traceState };
}

/** Microseconds with a fraction may have come from a clock; nanoseconds go beyond what a number holds. */
function nanosOf(micros: number): string {
  return `${Math.round(micros)}000`;
}

function attributesOf(attributes: SpanAttributes): object[] {
  return Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValueOf(value) }],
  );
}

function anyValueOf(value: string | number | boolean): object {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
