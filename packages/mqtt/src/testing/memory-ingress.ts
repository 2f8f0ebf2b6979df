import type {
  Ingress,
  IngressProperties,
  IngressPublication,
  IngressRefusal,
  IngressRoute,
  SessionChange,
} from '../ingress.ts';

/** A publication as an ingress in memory keeps it. */
export interface KeptPublication {
  readonly route: IngressRoute;
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly client: string;
  /** Absent unless the publisher is bound to a device. */
  readonly boundDevice?: string;
  readonly properties: IngressProperties | undefined;
}

/**
 * An ingress that keeps everything in memory. `iot/…` is telemetry, `refused/…` is refused, everything else messaging,
 * unless it is given routes of its own.
 * Publications are durable after the running call, or, while `isWaiting`, when `confirm` says so.
 */
export class MemoryIngress implements Ingress {
  readonly kept: KeptPublication[] = [];
  readonly changes: SessionChange[] = [];
  /** Times that `route` was asked. */
  routed = 0;
  /** Times that `refusal` was asked. */
  asked = 0;
  isWaiting = false;
  readonly #route: ((topic: string) => IngressRoute) | undefined;
  #durable = 0;
  #isConfirming = false;
  #refusal: IngressRefusal | undefined;
  #onDurable: (count: number) => void = () => undefined;
  #onResume: () => void = () => undefined;

  constructor(route?: (topic: string) => IngressRoute) {
    this.#route = route;
  }

  /** Publications that were taken and are not durable. */
  get pending(): number {
    return this.kept.length - this.#durable;
  }

  route(topic: string): IngressRoute {
    this.routed++;
    if (this.#route) return this.#route(topic);
    if (topic.startsWith('iot/')) return { kind: 'telemetry', tenant: 't', project: 'p', projectIndex: 0 };
    const kind = topic.startsWith('refused/') ? 'refuse' : 'messaging';
    return { kind, tenant: '', project: '', projectIndex: -1 };
  }

  append(publication: IngressPublication): void {
    const { route, topic, payload, qos, retain, client, properties, boundDevice } = publication;
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
    const bound = boundDevice === undefined ? {} : { boundDevice };
    const kept = { route, topic: text(topic), payload: text(payload), qos, retain, client, properties };
    this.kept.push({ ...kept, ...bound });
    if (this.isWaiting || this.#isConfirming) return;
    this.#isConfirming = true;
    queueMicrotask(() => {
      this.#isConfirming = false;
      if (!this.isWaiting) this.confirm();
    });
  }

  refusal(): IngressRefusal | undefined {
    this.asked++;
    return this.#refusal;
  }

  onDurable(listener: (count: number) => void): void {
    this.#onDurable = listener;
  }

  onResume(listener: () => void): void {
    this.#onResume = listener;
  }

  sessionChanged(change: SessionChange): void {
    this.changes.push(change);
  }

  /** The oldest `count` pending publications are durable; all of them unless given. */
  confirm(count = this.pending): void {
    if (count === 0) return;
    this.#durable += count;
    this.#onDurable(count);
  }

  /** Nothing more is taken. */
  refuse(reason: IngressRefusal): void {
    this.#refusal = reason;
  }

  /** Everything is taken again. */
  resume(): void {
    this.#refusal = undefined;
    this.#onResume();
  }
}
