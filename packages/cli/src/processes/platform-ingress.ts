import {
  encodeHeaders,
  HEADER,
  RECORD_KIND,
  type RecordAppender,
  type RecordHeader,
  type RecordInput,
  type RecordKind,
} from '@skerry/journal';
import type { Clock, Counter, Meter } from '@skerry/kernel';
import { type Scope, type Subject, scopesOf } from '@skerry/model';
import type {
  Ingress,
  IngressProperties,
  IngressPublication,
  IngressRefusal,
  IngressRoute,
  SessionChange,
} from '@skerry/mqtt';
import type { Route } from '@skerry/pipeline';
import { LIMITS } from '../limits.ts';
import type { IngressTrace } from './ingress-trace.ts';

/** What the ingress works with. */
export interface IngressNeeds {
  readonly appender: Pick<RecordAppender, 'project' | 'add' | 'onDurable' | 'refusal' | 'onResume'>;
  readonly route: (topic: string) => Route;
  readonly clock: Pick<Clock, 'nowMicros'>;
  readonly meter: Meter;
  /** True when the process takes nothing in until somebody has looked at its disk. */
  readonly isReadOnly: boolean;
  /** Follows records; absent where nothing is traced. */
  readonly trace?: IngressTrace | undefined;
}

const EMPTY = new Uint8Array(0);
const encoder = new TextEncoder();
const KINDS: Readonly<Record<IngressRoute['kind'], RecordKind>> = {
  telemetry: RECORD_KIND.telemetry,
  'dead-letter': RECORD_KIND.misrouted,
  messaging: RECORD_KIND.message,
  refuse: RECORD_KIND.message,
};

/** Where the journal holds records that were added together: offsets of the first and the last. */
export interface TakenRecords {
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/** Somebody who waits until records are durable. */
interface Waiter {
  /** Records that had been added before, since the start. */
  readonly from: number;
  /** The same after the last of them. */
  readonly target: number;
  resolve(taken: TakenRecords): void;
}

/** The open record; one object for all, since the appender copies. */
type Draft = { -readonly [K in keyof RecordInput]: RecordInput[K] };

/**
 * Puts what the broker takes in into the journal's open batch, and tells it in order what has become durable. Records of
 * others (`addOther`) go the same way without being told to the broker.
 */
export class PlatformIngress implements Ingress {
  readonly #needs: IngressNeeds;
  readonly #unrouted: number;
  readonly #skippedSessions: Counter;
  readonly #projectless: Counter;
  readonly #draft: Draft;
  /** Runs of records on their way, oldest first: of the broker (positive) and of others (negative). */
  readonly #runs: number[] = [];
  #firstRun = 0;
  /** Records added, and records durable, since the start. */
  #added = 0;
  #settled = 0;
  /** Oldest first; the appender confirms in order. */
  readonly #waiters: Waiter[] = [];
  #client = '';
  #clientBytes: Uint8Array = EMPTY;
  #listener: (count: number) => void = () => undefined;

  constructor(needs: IngressNeeds) {
    this.#needs = needs;
    this.#unrouted = needs.appender.project('', '');
    this.#skippedSessions = needs.meter.counter(
      'iot_session_records_skipped_total',
      'Begins and ends of connections that were not journalled because nothing was taken in.',
    );
    this.#projectless = needs.meter.counter(
      'iot_projects_refused_total',
      'Topics whose project is counted without a name because too many projects are known.',
    );
    this.#draft = {
      kind: RECORD_KIND.telemetry,
      qos: 0,
      retain: false,
      project: -1,
      receivedMicros: 0,
      topic: EMPTY,
      client: EMPTY,
      payload: EMPTY,
      headers: EMPTY,
    };
    needs.appender.onDurable((count, end) => this.#durable(count, end));
  }

  route(topic: string): IngressRoute {
    const { kind, tenant, project } = this.#needs.route(topic);
    if (kind === 'dead-letter') return { kind, tenant, project, projectIndex: this.#unrouted };
    if (kind !== 'telemetry') return { kind, tenant, project, projectIndex: -1 };
    return { kind, tenant, project, projectIndex: this.#projectIndex(tenant, project) };
  }

  append(publication: IngressPublication): void {
    const { route, topic, payload, qos, retain, client, properties, boundDevice } = publication;
    const draft = this.#draft;
    draft.kind = KINDS[route.kind];
    draft.qos = qos;
    draft.retain = retain;
    draft.project = route.projectIndex;
    draft.receivedMicros = this.#needs.clock.nowMicros();
    draft.topic = topic;
    draft.client = this.#clientOf(client);
    draft.payload = payload;
    const taken = this.#needs.trace?.take(publication);
    const hasHeaders = properties !== undefined || boundDevice !== undefined || taken !== undefined;
    draft.headers = hasHeaders ? headersOf(properties ?? {}, boundDevice, taken?.traceParent) : EMPTY;
    this.#needs.appender.add(draft);
    if (taken) this.#needs.trace?.added(taken, this.#added);
    this.#note(1);
  }

  /** Adds a record that no publisher waits for. */
  addOther(record: RecordInput): void {
    this.#needs.appender.add(record);
    this.#note(-1);
  }

  /**
   * Adds records and resolves when all of them are durable, with their offsets, which follow each other. At least one.
   * Stays open while the journal takes nothing; the caller bounds its patience, and the records stay on their way.
   */
  addAwaited(records: readonly RecordInput[]): Promise<TakenRecords> {
    const from = this.#added;
    for (const record of records) this.#addFollowed(record);
    return new Promise((resolve) => this.#waiters.push({ from, target: this.#added, resolve }));
  }

  #addFollowed(record: RecordInput): void {
    const { trace } = this.#needs;
    const isTelemetry = record.kind === RECORD_KIND.telemetry;
    const taken = isTelemetry ? trace?.takeHttp(record.topic, record.payload.length) : undefined;
    if (!taken) {
      this.addOther(record);
      return;
    }
    const own = encodeHeaders([{ key: HEADER.trace, value: taken.traceParent }]);
    this.addOther({ ...record, headers: Buffer.concat([own, record.headers]) });
    trace?.added(taken, this.#added - 1);
  }

  refusal(): IngressRefusal | undefined {
    return this.#needs.isReadOnly ? 'read-only' : this.#needs.appender.refusal();
  }

  onDurable(listener: (count: number) => void): void {
    this.#listener = listener;
  }

  onResume(listener: () => void): void {
    this.#needs.appender.onResume(listener);
  }

  sessionChanged(change: SessionChange): void {
    const { client, kind, reason, remote, protocol, subject, listener, isEncrypted } = change;
    const told = { kind, reason, remote, protocol, user: subject.name, listener, isEncrypted };
    const scopes = kind === 'connected' ? writingScopes(subject) : {};
    this.#sessionRecord(client, { ...told, ...scopes });
  }

  /** The process begins to serve: no connection of an earlier life is left, and some of them ended without a record. */
  started(): void {
    this.#sessionRecord('', { kind: 'started' });
  }

  #sessionRecord(client: string, told: object): void {
    if (this.refusal() !== undefined) {
      this.#skippedSessions.add(1);
      return;
    }
    this.addOther({
      kind: RECORD_KIND.session,
      qos: 0,
      retain: false,
      project: -1,
      receivedMicros: this.#needs.clock.nowMicros(),
      topic: EMPTY,
      client: encoder.encode(client),
      payload: encoder.encode(JSON.stringify(told)),
      headers: EMPTY,
    });
  }

  /** A number for the project; beyond the limit the records are counted without one rather than refused. */
  #projectIndex(tenant: string, project: string): number {
    try {
      return this.#needs.appender.project(tenant, project);
    } catch (fault) {
      if (!(fault instanceof Error && 'code' in fault && fault.code === 'too-many-projects')) throw fault;
      this.#projectless.add(1);
      return this.#unrouted;
    }
  }

  #clientOf(client: string): Uint8Array {
    if (client !== this.#client) {
      this.#client = client;
      this.#clientBytes = encoder.encode(client);
    }
    return this.#clientBytes;
  }

  #note(sign: 1 | -1): void {
    this.#added++;
    const last = this.#runs.length - 1;
    const run = this.#runs[last];
    if (run !== undefined && last >= this.#firstRun && Math.sign(run) === sign) this.#runs[last] = run + sign;
    else this.#runs.push(sign);
  }

  #durable(count: number, end: number): void {
    this.#settled += count;
    const birth = end - this.#settled; // offset that the first record since the start has
    this.#needs.trace?.durable(this.#settled, birth);
    for (let first = this.#waiters[0]; first && first.target <= this.#settled; first = this.#waiters[0]) {
      this.#waiters.shift();
      first.resolve({ firstOffset: birth + first.from, lastOffset: birth + first.target - 1 });
    }
    let left = count;
    let ofBroker = 0;
    while (left > 0) {
      const run = Number(this.#runs[this.#firstRun]);
      const taken = Math.min(left, Math.abs(run));
      if (run > 0) ofBroker += taken;
      left -= taken;
      if (taken === Math.abs(run)) this.#firstRun++;
      else this.#runs[this.#firstRun] = run - Math.sign(run) * taken;
    }
    if (this.#firstRun === this.#runs.length) {
      this.#runs.length = 0;
      this.#firstRun = 0;
    }
    if (ofBroker > 0) this.#listener(ofBroker);
  }
}

/** Where a subject may write telemetry, as a session record has it; nothing where the list is too long to be told. */
function writingScopes(subject: Subject): { readonly scopes?: readonly Scope[] } {
  const scopes = scopesOf(subject, 'telemetry:write').map(({ tenant, project, device }) => ({
    ...(tenant !== undefined && { tenant }),
    ...(project !== undefined && { project }),
    ...(device !== undefined && { device }),
  }));
  return scopes.length > 0 && scopes.length <= LIMITS.sessionScopesMax.value ? { scopes } : {};
}

function headersOf(
  properties: IngressProperties,
  boundDevice: string | undefined,
  traceParent: Uint8Array | undefined,
): Uint8Array {
  const headers: RecordHeader[] = [];
  const add = (key: number, value: Uint8Array): void => void headers.push({ key, value });
  const { contentType, payloadFormat, messageExpirySecs, responseTopic, correlation, user } = properties;
  if (boundDevice !== undefined) add(HEADER.boundDevice, encoder.encode(boundDevice)); // always the first
  if (traceParent !== undefined) add(HEADER.trace, traceParent); // before the user properties
  if (contentType !== undefined) add(HEADER.contentType, encoder.encode(contentType));
  if (payloadFormat !== undefined) add(HEADER.payloadFormat, Uint8Array.of(payloadFormat));
  if (messageExpirySecs !== undefined)
    add(HEADER.messageExpirySecs, encoder.encode(String(messageExpirySecs)));
  if (responseTopic !== undefined) add(HEADER.responseTopic, encoder.encode(responseTopic));
  if (correlation !== undefined) add(HEADER.correlation, correlation);
  for (const [name, value] of user ?? []) add(HEADER.userProperty, encoder.encode(`${name}\0${value}`));
  return headers.length === 0 ? EMPTY : encodeHeaders(headers);
}
