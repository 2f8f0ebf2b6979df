/** How a publication is answered once it is durable. */
export type AnswerKind = 'none' | 'puback' | 'pubrec';

const KINDS: readonly AnswerKind[] = ['none', 'puback', 'pubrec'];
const FIRST_CAPACITY = 1024;

/** Told of each publication that became durable. */
export type DurableVisitor<Owner, Cargo> = (
  owner: Owner | undefined,
  kind: AnswerKind,
  packetId: number,
  cargo: Cargo | undefined,
  sequence: number,
) => void;

/**
 * Publications that were handed to the ingress and are not durable yet, in that order, with what has to be done then:
 * columns in a ring, no object for each. Bounded by what each connection may have unacknowledged.
 */
export class PublicationRing<Owner, Cargo> {
  #owners: (Owner | undefined)[] = new Array(FIRST_CAPACITY).fill(undefined);
  #answers = new Uint32Array(FIRST_CAPACITY);
  #cargos: (Cargo | undefined)[] = new Array(FIRST_CAPACITY).fill(undefined);
  #head = 0;
  #tail = 0;

  /** Publications that are not durable yet. */
  get count(): number {
    return this.#tail - this.#head;
  }

  /** Adds one; gives its sequence number, which counts from 0. */
  push(owner: Owner | undefined, kind: AnswerKind, packetId: number, cargo: Cargo | undefined): number {
    if (this.count === this.#owners.length) this.#grow();
    const at = this.#tail & (this.#owners.length - 1);
    this.#owners[at] = owner;
    this.#answers[at] = packetId | (KINDS.indexOf(kind) << 16);
    this.#cargos[at] = cargo;
    return this.#tail++;
  }

  /** Takes the oldest `count` out, in order. Throws a RangeError when there are fewer. */
  take(count: number, visit: DurableVisitor<Owner, Cargo>): void {
    if (count > this.count)
      throw new RangeError(`${count} publications were said to be durable; ${this.count} are on their way.`);
    for (let left = count; left > 0; left--) {
      const at = this.#head & (this.#owners.length - 1);
      const owner = this.#owners[at];
      const cargo = this.#cargos[at];
      const answer = Number(this.#answers[at]);
      this.#owners[at] = undefined;
      if (cargo) this.#cargos[at] = undefined;
      const kind = answer >= 0x10000 ? (answer >= 0x20000 ? 'pubrec' : 'puback') : 'none';
      visit(owner, kind, answer & 0xffff, cargo, this.#head++);
    }
  }

  #grow(): void {
    const size = this.#owners.length;
    const order = Array.from({ length: size }, (_, index) => (this.#head + index) & (size - 1));
    const owners: (Owner | undefined)[] = new Array(size * 2).fill(undefined);
    const cargos: (Cargo | undefined)[] = new Array(size * 2).fill(undefined);
    const answers = new Uint32Array(size * 2);
    order.forEach((from, index) => {
      const to = (this.#head + index) & (size * 2 - 1);
      owners[to] = this.#owners[from];
      cargos[to] = this.#cargos[from];
      answers[to] = Number(this.#answers[from]);
    });
    this.#owners = owners;
    this.#cargos = cargos;
    this.#answers = answers;
  }
}
