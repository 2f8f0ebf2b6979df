import type { Qos } from '../packets/packet-type.ts';

const SETTLED = 4;
const FIRST_PLACES = 256; // a power of two; it doubles as it is needed

/** Told of each message that may be answered: in the order of receipt, once each. `isCurrent`: of this connection. */
export type Answering = (qos: Qos, packetId: number, isCurrent: boolean) => void;

/**
 * The messages that a subscriber handed out and that are not acknowledged, in the order of receipt, over all connections.
 * Answers come out in that order whatever order the acknowledgements have [MQTT-4.6.0-2, -3]. A message of an earlier
 * connection is told as such: its packet identifier means nothing any more.
 */
export class ReceivedRing {
  #packetIds = new Uint16Array(FIRST_PLACES);
  /** QoS, and whether it was acknowledged out of turn. */
  #flags = new Uint8Array(FIRST_PLACES);
  /** Numbers of the oldest message in the ring, of the next one, and of the first of this connection. */
  #first = 1;
  #next = 1;
  #firstCurrent = 1;
  /** The first of this session. */
  #firstKnown = 1;
  /** Acknowledged out of turn and still in the ring. */
  #early = 0;

  /** Messages in the ring. */
  get count(): number {
    return this.#next - this.#first;
  }

  /** Those of them that the consumer has not acknowledged. */
  get unacknowledged(): number {
    return this.count - this.#early;
  }

  /** The number that the next message will have. */
  get nextNumber(): number {
    return this.#next;
  }

  /** Adds a message; gives its number, 1 for the first of all. */
  push(qos: Qos, packetId: number): number {
    if (this.count === this.#flags.length) this.#widen();
    const place = this.#next & (this.#flags.length - 1);
    this.#packetIds[place] = packetId;
    this.#flags[place] = qos;
    return this.#next++;
  }

  /**
   * A new connection: what is in the ring belongs to earlier ones. In a new session their packet identifiers mean nothing
   * any more, and they are told as of QoS 0.
   */
  beginConnection(isSessionPresent: boolean): void {
    this.#firstCurrent = this.#next;
    if (!isSessionPresent) this.#firstKnown = this.#next;
  }

  /** The oldest `count` messages that are not acknowledged are. Throws `RangeError` when there are not so many. */
  acknowledge(count: number, answer: Answering): void {
    if (count > this.unacknowledged)
      throw new RangeError(`Acknowledging ${count} messages; ${this.unacknowledged} are not acknowledged.`);
    for (let left = count; left > 0; left--) {
      this.#answerEarly(answer);
      this.#answerFirst(answer);
    }
    this.#answerEarly(answer);
  }

  /** The message of this number is acknowledged; false when it was before. Answered when all before it are. */
  settle(number: number, answer: Answering): boolean {
    if (!(number < this.#next)) throw new RangeError(`Message ${number} was never handed out.`);
    const place = number & (this.#flags.length - 1);
    if (number < this.#first || (Number(this.#flags[place]) & SETTLED) !== 0) return false;
    this.#flags[place] = Number(this.#flags[place]) | SETTLED;
    this.#early++;
    this.#answerEarly(answer);
    return true;
  }

  /** Answers those at the head that were acknowledged out of turn. */
  #answerEarly(answer: Answering): void {
    if (this.#early === 0) return;
    while (this.count > 0 && (Number(this.#flags[this.#first & (this.#flags.length - 1)]) & SETTLED) !== 0) {
      this.#early--;
      this.#answerFirst(answer);
    }
  }

  #answerFirst(answer: Answering): void {
    const place = this.#first & (this.#flags.length - 1);
    const qos = (Number(this.#flags[place]) & 3) as Qos; // as it was pushed
    const number = this.#first++;
    if (number < this.#firstKnown) answer(0, 0, false);
    else answer(qos, Number(this.#packetIds[place]), number >= this.#firstCurrent);
  }

  #widen(): void {
    const places = this.#flags.length;
    const packetIds = new Uint16Array(places * 2);
    const flags = new Uint8Array(places * 2);
    for (let number = this.#first; number < this.#next; number++) {
      packetIds[number & (places * 2 - 1)] = Number(this.#packetIds[number & (places - 1)]);
      flags[number & (places * 2 - 1)] = Number(this.#flags[number & (places - 1)]);
    }
    this.#packetIds = packetIds;
    this.#flags = flags;
  }
}
