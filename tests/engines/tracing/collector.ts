import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A span as it came. */
export interface CollectedSpan {
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly traceState: string;
  readonly startNano: bigint;
  readonly endNano: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly fault: string;
}

type Fields = Readonly<Record<string, unknown>>;

/* Fields of opentelemetry-proto 1.x (trace/v1/trace.proto, common/v1, resource/v1) in the names of its JSON. */
const REQUEST = ['resourceSpans'];
const RESOURCE_SPANS = ['resource', 'scopeSpans', 'schemaUrl'];
const RESOURCE = ['attributes', 'droppedAttributesCount', 'entityRefs'];
const SCOPE_SPANS = ['scope', 'spans', 'schemaUrl'];
const SCOPE = ['name', 'version', 'attributes', 'droppedAttributesCount'];
const SPAN = [
  ...['traceId', 'spanId', 'traceState', 'parentSpanId', 'flags', 'name', 'kind'],
  ...['startTimeUnixNano', 'endTimeUnixNano', 'attributes', 'droppedAttributesCount'],
  ...['events', 'droppedEventsCount', 'links', 'droppedLinksCount', 'status'],
];
const LINK = ['traceId', 'spanId', 'traceState', 'attributes', 'droppedAttributesCount', 'flags'];
const STATUS = ['message', 'code'];
const ATTRIBUTE = ['key', 'value'];
const VALUE = ['stringValue', 'boolValue', 'intValue', 'doubleValue'];

/** A collector of OTLP/HTTP that takes nothing but what the protocol has; what is wrong it remembers, and answers 400. */
export class Collector implements AsyncDisposable {
  readonly spans: CollectedSpan[] = [];
  readonly faults: string[] = [];
  readonly url: string;
  readonly #close: () => Promise<void>;

  private constructor(url: string, close: () => Promise<void>) {
    this.url = url;
    this.#close = close;
  }

  static async open(): Promise<Collector> {
    const later: { collector?: Collector } = {};
    const server = createServer(async (request, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part);
      const isRight = request.method === 'POST' && request.url === '/v1/traces';
      const isJson = request.headers['content-type'] === 'application/json';
      const collector = later.collector;
      try {
        if (!isRight || !isJson)
          throw new TypeError(`${request.method} ${request.url} is no request of OTLP/HTTP`);
        collector?.spans.push(...readRequest(JSON.parse(Buffer.concat(parts).toString('utf8'))));
        response.setHeader('content-type', 'application/json').end('{}');
      } catch (fault) {
        collector?.faults.push(String(fault));
        response.statusCode = 400;
        response.end();
      }
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo; // it listens on TCP
    const collector = new Collector(`http://127.0.0.1:${port}`, async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    });
    later.collector = collector;
    return collector;
  }

  /** Spans of a trace, oldest first. */
  trace(traceId: string): CollectedSpan[] {
    return this.spans
      .filter((span) => span.traceId === traceId)
      .sort((a, b) => Number(a.startNano - b.startNano));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

function readRequest(body: unknown): CollectedSpan[] {
  return list(message(body, REQUEST, 'request').resourceSpans).flatMap((one) => {
    const { resource, scopeSpans } = message(one, RESOURCE_SPANS, 'resourceSpans');
    const told = attributesOf(message(resource, RESOURCE, 'resource').attributes);
    for (const name of [
      'service.name',
      'telemetry.sdk.name',
      'telemetry.sdk.language',
      'telemetry.sdk.version',
    ])
      if (typeof told[name] !== 'string') throw new TypeError(`the resource has no ${name}`);
    return list(scopeSpans).flatMap((scoped) => {
      const { scope, spans } = message(scoped, SCOPE_SPANS, 'scopeSpans');
      message(scope, SCOPE, 'scope');
      return list(spans).map((span) => readSpan(span, String(told['service.name'])));
    });
  });
}

function readSpan(span: unknown, service: string): CollectedSpan {
  const fields = message(span, SPAN, 'span');
  const { name, kind, parentSpanId = '', traceState = '', links = [], status } = fields;
  if (typeof name !== 'string' || name === '') throw new TypeError('a span has no name');
  if (!Number.isInteger(kind) || Number(kind) < 1 || Number(kind) > 5)
    throw new TypeError(`${name} has the kind ${String(kind)}`);
  const [startNano, endNano] = [nano(fields.startTimeUnixNano), nano(fields.endTimeUnixNano)];
  if (endNano < startNano) throw new TypeError(`${name} ends before it starts`);
  const { code = 0, message: why = '' } = status === undefined ? {} : message(status, STATUS, 'status');
  if (![0, 1, 2].includes(Number(code))) throw new TypeError(`${name} has the status ${String(code)}`);
  return {
    service,
    name,
    kind: Number(kind),
    traceId: id(fields.traceId, 32),
    spanId: id(fields.spanId, 16),
    parentSpanId: parentSpanId === '' ? '' : id(parentSpanId, 16),
    traceState: String(traceState),
    startNano,
    endNano,
    attributes: attributesOf(fields.attributes ?? []),
    links: list(links).map((one) => {
      const link = message(one, LINK, 'link');
      return { traceId: id(link.traceId, 32), spanId: id(link.spanId, 16) };
    }),
    fault: code === 2 ? String(why) : '',
  };
}

function attributesOf(attributes: unknown): Record<string, string | number | boolean> {
  const found: Record<string, string | number | boolean> = {};
  for (const one of list(attributes)) {
    const { key, value } = message(one, ATTRIBUTE, 'attribute');
    if (typeof key !== 'string' || key === '' || key in found)
      throw new TypeError(`an attribute has the key ${String(key)}, or has it twice`);
    found[key] = anyValueOf(key, message(value, VALUE, 'value'));
  }
  return found;
}

function anyValueOf(key: string, value: Fields): string | number | boolean {
  const [[name, told] = ['', undefined], ...others] = Object.entries(value);
  if (others.length > 0) throw new TypeError(`${key} has several values`);
  if (name === 'stringValue' && typeof told === 'string') return told;
  if (name === 'boolValue' && typeof told === 'boolean') return told;
  if (name === 'doubleValue' && typeof told === 'number') return told;
  // a 64-bit integer is text in JSON
  if (name === 'intValue' && typeof told === 'string' && /^-?\d+$/.test(told)) return Number(told);
  throw new TypeError(`${key} has the value ${JSON.stringify(value)}`);
}

function message(value: unknown, names: readonly string[], what: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${what} is ${JSON.stringify(value)}`);
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new TypeError(`${what} has a field ${unknown}`);
  return value as Fields; // an object with these fields only
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new TypeError(`found ${JSON.stringify(value)}, wanted a list`);
  return value;
}

function id(value: unknown, digits: number): string {
  if (typeof value !== 'string' || !new RegExp(`^[0-9a-f]{${digits}}$`).test(value) || /^0+$/.test(value))
    throw new TypeError(`found the id ${JSON.stringify(value)}, wanted ${digits} hex digits`);
  return value;
}

/** A 64-bit integer is text in JSON. */
function nano(value: unknown): bigint {
  if (typeof value !== 'string' || !/^\d{19}$/.test(value))
    throw new TypeError(`found the time ${JSON.stringify(value)}, wanted nanoseconds since 1970 as text`);
  return BigInt(value);
}
