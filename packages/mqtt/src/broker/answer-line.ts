/** A refusal that has to wait for the answers before it. */
export interface LateAnswer {
  /** Sequence number of the publication that is answered just before it. */
  readonly after: number;
  readonly packetId: number;
  readonly reason: number;
}

const NONE: readonly LateAnswer[] = [];

/** Keeps the answers of one connection in the order of its publications [MQTT-4.6.0-2], refusals among them. */
export class AnswerLine {
  #unacked = 0;
  #lastSequence = -1;
  /** In the order in which they came; those before `#lateHead` were given out. */
  #late: LateAnswer[] = [];
  #lateHead = 0;

  /** Publications of QoS 1 and 2 that are not answered yet. */
  get unanswered(): number {
    return this.#unacked + this.#late.length - this.#lateHead;
  }

  /** A publication went to the ingress under this sequence number. */
  append(sequence: number): void {
    this.#unacked++;
    this.#lastSequence = sequence;
  }

  /** A publication was refused; true when it may be answered at once, else `confirm` gives it out in its turn. */
  refuse(packetId: number, reason: number): boolean {
    if (this.#unacked === 0) return true;
    this.#late.push({ after: this.#lastSequence, packetId, reason });
    return false;
  }

  /** The publication with this sequence number is being answered; gives the refusals whose turn comes after it. */
  confirm(sequence: number): readonly LateAnswer[] {
    this.#unacked--;
    const first = this.#lateHead;
    while ((this.#late[this.#lateHead]?.after ?? Number.POSITIVE_INFINITY) <= sequence) this.#lateHead++;
    if (this.#lateHead === first) return NONE;
    const due = this.#late.slice(first, this.#lateHead);
    if (this.#lateHead === this.#late.length) {
      this.#late = [];
      this.#lateHead = 0;
    }
    return due;
  }
}
