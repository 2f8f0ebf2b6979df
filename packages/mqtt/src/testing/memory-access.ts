import type { Grant, Subject } from '@skerry/model';
import type { AccessRefusal, BrokerAccess, ConnectDenial, ConnectRequest } from '../access.ts';

/** Access of a test: users by name with the prefix of topics that is theirs; verdicts wait while `isWaiting`. */
export class MemoryAccess implements BrokerAccess {
  /** Verdicts come only from `settle`. */
  isWaiting = false;
  readonly requests: ConnectRequest[] = [];
  readonly refusals: AccessRefusal[] = [];
  /** Grants of users, for those who need some; rights come from the prefixes alone. */
  readonly grants = new Map<string, readonly Grant[]>();
  /** Questions about a right to publish, which are not asked on every message. */
  publishQuestions = 0;
  readonly #prefixes: Map<string, string>;
  #waiting: (() => void)[] = [];

  constructor(prefixes: Readonly<Record<string, string>>) {
    this.#prefixes = new Map(Object.entries(prefixes));
  }

  authenticate(request: ConnectRequest): Subject | ConnectDenial | Promise<Subject | ConnectDenial> {
    this.requests.push(request);
    if (!this.isWaiting) return this.#judge(request);
    return new Promise((resolve) => this.#waiting.push(() => resolve(this.#judge(request))));
  }

  mayPublish(subject: Subject, topic: string): boolean {
    this.publishQuestions++;
    return topic.startsWith(this.#prefixOf(subject));
  }

  maySubscribe(subject: Subject, filter: string): boolean {
    return filter.startsWith(this.#prefixOf(subject));
  }

  /** Changes a user's rights. */
  set(user: string, prefix: string): void {
    this.#prefixes.set(user, prefix);
  }

  /** Gives the verdicts that wait. */
  settle(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const tell of waiting) tell();
  }

  #judge({ username, password }: ConnectRequest): Subject | ConnectDenial {
    const isKnown = username !== undefined && this.#prefixes.has(username);
    if (isKnown && new TextDecoder().decode(password) === `${username}-secret`)
      return { kind: 'user', name: username, grants: this.grants.get(username) ?? [] };
    return { denied: 'bad-credentials', why: 'The name or the password is wrong.' };
  }

  /** A prefix that no topic has, for whoever has none. */
  #prefixOf({ name }: Subject): string {
    return this.#prefixes.get(name) ?? '\0';
  }
}
