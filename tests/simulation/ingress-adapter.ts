import {
  encodeHeaders,
  HEADER,
  RECORD_KIND,
  type RecordAppender,
  type RecordHeader,
  type RecordInput,
} from '@skerry/journal';
import type { Clock } from '@skerry/kernel';
import type {
  Ingress,
  IngressProperties,
  IngressPublication,
  IngressRoute,
  SessionChange,
} from '@skerry/mqtt';
import type { Route } from '@skerry/pipeline';

const KINDS = {
  telemetry: RECORD_KIND.telemetry,
  'dead-letter': RECORD_KIND.misrouted,
  messaging: RECORD_KIND.message,
  refuse: RECORD_KIND.message,
} as const;
const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();

/** What stands between broker and appender in the server, for one process of the simulation. */
export class IngressAdapter implements Ingress {
  readonly #appender: RecordAppender;
  readonly #clock: Clock;
  readonly #route: (topic: string) => Route;
  /** For each record on its way, oldest first, whether a publisher waits for it. */
  #isOfBroker: boolean[] = [];
  #listener: (count: number) => void = () => undefined;

  constructor(appender: RecordAppender, clock: Clock, route: (topic: string) => Route) {
    this.#appender = appender;
    this.#clock = clock;
    this.#route = route;
    appender.onDurable((count) => {
      const durable = this.#isOfBroker.splice(0, count).filter((isOfBroker) => isOfBroker).length;
      if (durable > 0) this.#listener(durable);
    });
  }

  route(topic: string): IngressRoute {
    const { kind, tenant, project } = this.#route(topic);
    if (kind === 'telemetry')
      return { kind, tenant, project, projectIndex: this.#appender.project(tenant, project) };
    const projectIndex = kind === 'dead-letter' ? this.#appender.project('', '') : -1;
    return { kind, tenant, project, projectIndex };
  }

  append(publication: IngressPublication): void {
    const { route, topic, payload, qos, retain, client, properties, boundDevice } = publication;
    this.#add(true, {
      kind: KINDS[route.kind],
      qos,
      retain,
      project: route.projectIndex,
      receivedMicros: this.#clock.nowMicros(),
      topic,
      client: encoder.encode(client),
      payload,
      headers: properties || boundDevice !== undefined ? headersOf(properties ?? {}, boundDevice) : EMPTY,
    });
  }

  /** Adds a record for which no publisher waits: a replay or a discard. */
  addOther(record: RecordInput): void {
    this.#add(false, record);
  }

  refusal(): ReturnType<RecordAppender['refusal']> {
    return this.#appender.refusal();
  }

  onDurable(listener: (count: number) => void): void {
    this.#listener = listener;
  }

  onResume(listener: () => void): void {
    this.#appender.onResume(listener);
  }

  sessionChanged({ client, subject, ...told }: SessionChange): void {
    if (this.refusal() !== undefined) return;
    this.#add(false, {
      kind: RECORD_KIND.session,
      qos: 0,
      retain: false,
      project: -1,
      receivedMicros: this.#clock.nowMicros(),
      topic: EMPTY,
      client: encoder.encode(client),
      payload: encoder.encode(JSON.stringify({ ...told, user: subject.name, scopes: [{}] })),
      headers: EMPTY,
    });
  }

  #add(isOfBroker: boolean, record: RecordInput): void {
    this.#appender.add(record);
    this.#isOfBroker.push(isOfBroker);
  }
}

function headersOf(properties: IngressProperties, boundDevice: string | undefined): Uint8Array {
  const { contentType, payloadFormat, messageExpirySecs, responseTopic, correlation, user } = properties;
  const headers: RecordHeader[] = [];
  const add = (key: number, value: Uint8Array | undefined): void => {
    if (value) headers.push({ key, value });
  };
  const text = (value: string | undefined) => (value === undefined ? undefined : encoder.encode(value));
  add(HEADER.boundDevice, text(boundDevice));
  add(HEADER.contentType, text(contentType));
  add(HEADER.payloadFormat, payloadFormat === undefined ? undefined : Uint8Array.of(payloadFormat));
  add(HEADER.messageExpirySecs, text(messageExpirySecs?.toString()));
  add(HEADER.responseTopic, text(responseTopic));
  add(HEADER.correlation, correlation);
  for (const [name, value] of user ?? []) add(HEADER.userProperty, encoder.encode(`${name}\0${value}`));
  return encodeHeaders(headers);
}
