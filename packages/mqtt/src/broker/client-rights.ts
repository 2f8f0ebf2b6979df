import { boundDeviceOf, type Subject } from '@skerry/model';
import type { AccessRefusal } from '../access.ts';
import type { IngressRoute } from '../ingress.ts';
import { LIMITS } from '../limits.ts';
import type { AccessGate } from './access-gate.ts';
import type { TopicEntry } from './topic-book.ts';

/** What one connection may do: its subject's rights, with the topics that were found allowed. */
export class ClientRights {
  readonly subject: Subject;
  /** The one device that it can publish telemetry of. */
  readonly boundDevice: string | undefined;
  readonly #gate: AccessGate;
  readonly #client: string;
  readonly #remote: string;
  readonly #allowed = new Set<TopicEntry>();

  constructor(gate: AccessGate, subject: Subject, client: string, remote: string) {
    this.#gate = gate;
    this.subject = subject;
    this.boundDevice = boundDeviceOf(subject)?.device;
    this.#client = client;
    this.#remote = remote;
  }

  /** Whether it may publish on a topic; the verdict on an entry is remembered. */
  mayPublish(entry: TopicEntry, route: Pick<IngressRoute, 'kind'>): boolean {
    if (this.#allowed.has(entry)) return true;
    if (!this.#gate.access.mayPublish(this.subject, entry.topic, route)) return false;
    if (this.#allowed.size >= LIMITS.rightsCachedMax.value) this.#allowed.clear();
    this.#allowed.add(entry);
    return true;
  }

  /** Whether it may read whatever the filter can match. */
  maySubscribe(filter: string): boolean {
    return this.#gate.access.maySubscribe(this.subject, filter);
  }

  /** Tells of something that it may not; gives the sentence for the client. */
  refuse(kind: AccessRefusal['kind'], topic: string): string {
    const why = `${this.subject.name} may not ${VERB[kind]}.`;
    this.#gate.refused({
      kind,
      client: this.#client,
      user: this.subject.name,
      topic,
      reason: 'not-authorized',
      why,
      remote: this.#remote,
    });
    return why;
  }
}

const VERB: Readonly<Record<AccessRefusal['kind'], string>> = {
  connect: 'connect',
  publish: 'publish on this topic',
  will: 'leave a will on this topic',
  subscribe: 'read all that this filter can match',
};
