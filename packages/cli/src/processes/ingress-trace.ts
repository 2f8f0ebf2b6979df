import {
  type Clock,
  LIMITS,
  parseTraceParent,
  type SpanAttributes,
  type TraceContext,
  type Tracer,
  traceParentOf,
} from '@skerry/kernel';
import type { IngressPublication } from '@skerry/mqtt';

/** What the spans of an ingress are told with. */
export interface IngressTraceNeeds {
  readonly tracer: Tracer;
  readonly clock: Pick<Clock, 'nowMicros'>;
  /** The template that a topic fits; undefined for none. */
  readonly templateOf: (topic: string) => string | undefined;
}

/** A record that is followed, from its receipt until it is durable. */
export interface TakenRecord {
  /** Bytes of the `traceparent` of its span. */
  readonly traceParent: Uint8Array;
  readonly context: TraceContext;
  readonly parent: TraceContext | undefined;
  readonly startMicros: number;
  readonly name: string;
  readonly attributes: SpanAttributes;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** Spans of what an ingress takes in: `receive`, and `append` below it, both until the record is durable. */
export class IngressTrace {
  readonly #needs: IngressTraceNeeds;
  readonly #kept: { readonly nth: number; readonly taken: TakenRecord }[] = [];

  constructor(needs: IngressTraceNeeds) {
    this.#needs = needs;
  }

  /** Opens the span of a publication that is followed; undefined for all others. */
  take(publication: IngressPublication): TakenRecord | undefined {
    const told = parentOf(publication.properties?.user);
    if (told ? !told.isSampled : !this.#needs.tracer.begins()) return undefined;
    const { topic, client, payload, qos, route } = publication;
    return this.#open(told, decoder.decode(topic), {
      'messaging.system': 'mqtt',
      'messaging.client.id': client === '' ? undefined : client,
      'messaging.message.body.size': payload.length,
      'skerry.qos': qos,
      'skerry.kind': route.kind,
    });
  }

  /** Opens the span of telemetry that came over HTTP; undefined for all that are not followed. */
  takeHttp(topic: Uint8Array, payloadBytes: number): TakenRecord | undefined {
    if (!this.#needs.tracer.begins()) return undefined;
    return this.#open(undefined, decoder.decode(topic), {
      'messaging.system': 'skerry',
      'messaging.message.body.size': payloadBytes,
    });
  }

  /** The record was added as the `nth` since the start. */
  added(taken: TakenRecord, nth: number): void {
    if (this.#kept.length < LIMITS.spanReceiptsMax.value) this.#kept.push({ nth, taken });
  }

  /** So many records since the start are durable; the first of them has the offset `birth`. */
  durable(count: number, birth: number): void {
    const endMicros = this.#needs.clock.nowMicros();
    for (let first = this.#kept[0]; first && first.nth < count; first = this.#kept[0]) {
      this.#kept.shift();
      this.#tell(first.taken, birth + first.nth, endMicros);
    }
  }

  #open(parent: TraceContext | undefined, topic: string, attributes: SpanAttributes): TakenRecord {
    const { tracer, clock, templateOf } = this.#needs;
    const context = tracer.open(parent);
    const template = templateOf(topic);
    return {
      traceParent: encoder.encode(traceParentOf(context)),
      context,
      parent,
      startMicros: clock.nowMicros(),
      name: template === undefined ? 'receive' : `receive ${template}`,
      attributes: {
        'messaging.operation.name': 'receive',
        'messaging.operation.type': 'process',
        'messaging.destination.name': topic,
        'messaging.destination.template': template,
        ...attributes,
      },
    };
  }

  #tell(
    { context, parent, startMicros, name, attributes }: TakenRecord,
    offset: number,
    endMicros: number,
  ): void {
    const { tracer } = this.#needs;
    tracer.finish({ name, kind: 'consumer', context, parent, startMicros, endMicros, attributes });
    tracer.finish({
      name: 'append',
      kind: 'internal',
      context: tracer.open(context),
      parent: context,
      startMicros,
      endMicros,
      attributes: { 'skerry.journal.offset': offset },
    });
  }
}

/** What the user properties of a publication say; a `tracestate` counts with a `traceparent` only. */
function parentOf(
  user: readonly (readonly [name: string, value: string])[] | undefined,
): ReturnType<typeof parseTraceParent> {
  if (!user) return undefined;
  const text = user.find(([name]) => name === 'traceparent')?.[1];
  const found = text === undefined ? undefined : parseTraceParent(text);
  if (!found) return undefined;
  const states = user.filter(([name]) => name === 'tracestate').map(([, value]) => value);
  return states.length === 0 ? found : { ...found, traceState: states.join(',') };
}
