import type { Ingress, IngressPublication } from '../ingress.ts';

/** Publications of one part that went in one after another. */
interface Run {
  readonly part: Part;
  count: number;
}

/** One of the ingresses that were made of one. Disposing it: it is told nothing any more; what it appended is still counted. */
export interface IngressPart extends Ingress, Disposable {}

/**
 * Makes any number of ingresses of one, whose confirmations are told to whoever appended: for several subscribers, or a
 * broker beside them. From here on nobody else appends to it or listens at it. Each call of what it gives is another part.
 */
export function splitIngress(ingress: Ingress): () => IngressPart {
  const runs: Run[] = [];
  const parts = new Set<Part>();
  ingress.onDurable((confirmed) => {
    const shares = new Map<Part, number>();
    let left = confirmed;
    let used = 0;
    for (let run = runs[0]; run && left > 0; run = runs[used]) {
      const taken = Math.min(left, run.count);
      shares.set(run.part, (shares.get(run.part) ?? 0) + taken);
      run.count -= taken;
      left -= taken;
      if (run.count === 0) used++;
    }
    runs.splice(0, used);
    for (const [part, share] of shares) part.confirm(share);
  });
  ingress.onResume(() => {
    for (const part of parts) part.resume();
  });
  return () => {
    const part = new Part(ingress, runs, () => parts.delete(part));
    parts.add(part);
    return part;
  };
}

/** One of them. */
class Part implements IngressPart {
  readonly #ingress: Ingress;
  /** Of all parts, oldest first. */
  readonly #runs: Run[];
  readonly #onDisposed: () => void;
  #onDurable: (count: number) => void = () => undefined;
  #onResume: () => void = () => undefined;

  constructor(ingress: Ingress, runs: Run[], onDisposed: () => void) {
    this.#ingress = ingress;
    this.#runs = runs;
    this.#onDisposed = onDisposed;
  }

  [Symbol.dispose](): void {
    this.#onDurable = () => undefined;
    this.#onDisposed();
  }

  route(topic: string) {
    return this.#ingress.route(topic);
  }

  append(publication: IngressPublication): void {
    this.#ingress.append(publication);
    const last = this.#runs.at(-1);
    if (last?.part === this) last.count++;
    else this.#runs.push({ part: this, count: 1 });
  }

  refusal() {
    return this.#ingress.refusal();
  }

  onDurable(listener: (count: number) => void): void {
    this.#onDurable = listener;
  }

  onResume(listener: () => void): void {
    this.#onResume = listener;
  }

  sessionChanged(change: Parameters<Ingress['sessionChanged']>[0]): void {
    this.#ingress.sessionChanged(change);
  }

  /** So many more publications of this part are durable. */
  confirm(count: number): void {
    this.#onDurable(count);
  }

  /** Everything is taken again. */
  resume(): void {
    this.#onResume();
  }
}
