import type { Ingress, IngressPublication, IngressRefusal, IngressRoute } from '@skerry/mqtt';

/** An ingress that can be closed: it refuses from then on, and what it took before is still confirmed. */
export class ClosingIngress implements Ingress {
  readonly #ingress: Ingress;
  #isClosed = false;

  constructor(ingress: Ingress) {
    this.#ingress = ingress;
  }

  /** Takes nothing more. */
  close(): void {
    this.#isClosed = true;
  }

  route(topic: string): IngressRoute {
    return this.#ingress.route(topic);
  }

  append(publication: IngressPublication): void {
    this.#ingress.append(publication);
  }

  refusal(): IngressRefusal | undefined {
    return this.#isClosed ? 'backlog' : this.#ingress.refusal();
  }

  onDurable(listener: (count: number) => void): void {
    this.#ingress.onDurable(listener);
  }

  onResume(listener: () => void): void {
    this.#ingress.onResume(listener);
  }

  sessionChanged(change: Parameters<Ingress['sessionChanged']>[0]): void {
    this.#ingress.sessionChanged(change);
  }
}
