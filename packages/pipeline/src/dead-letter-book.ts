import { type DeadLetterHead, LIMITS as SERIES_LIMITS } from '@skerry/series';
import type { ProjectState } from './catalogue.ts';

/** What the pipeline remembers of an open dead letter. */
export interface OpenLetter {
  readonly offset: number;
  readonly receivedMicros: number;
  /** Whose account it is in. */
  readonly owner: ProjectState;
  readonly device: string;
  readonly payloadBytes: number;
}

const DAY_MICROS = 86_400_000_000;
const HOUR_MICROS = 3_600_000_000;

/** The open dead letters, by offset, oldest first. */
export class DeadLetterBook {
  readonly #open = new Map<number, OpenLetter>();
  #bytes = 0;
  #lookedMicros = Number.NEGATIVE_INFINITY;

  get count(): number {
    return this.#open.size;
  }

  get(offset: number): OpenLetter | undefined {
    return this.#open.get(offset);
  }

  add(letter: OpenLetter): void {
    this.#open.set(letter.offset, letter);
    this.#bytes += letter.payloadBytes;
  }

  /** Takes over what the store holds open. */
  restore(head: DeadLetterHead, owner: ProjectState): void {
    const { offset, receivedMicros, device, payloadBytes } = head;
    // letters whose device was not known to the catalogue are in the account without a device
    this.add({
      offset,
      receivedMicros,
      owner,
      device: owner.devices.has(device) ? device : '',
      payloadBytes,
    });
  }

  remove(offset: number): void {
    const letter = this.#open.get(offset);
    if (!letter) return;
    this.#open.delete(offset);
    this.#bytes -= letter.payloadBytes;
  }

  /** Those that the policy of the store gives up at this time: the oldest beyond count or bytes, and the too old. */
  expired(nowMicros: number): OpenLetter[] {
    const isOver =
      this.#open.size > SERIES_LIMITS.deadLettersMax.value ||
      this.#bytes > SERIES_LIMITS.deadLetterBytesMax.value;
    if (!isOver && nowMicros < this.#lookedMicros + HOUR_MICROS) return [];
    this.#lookedMicros = nowMicros;
    const oldest = nowMicros - SERIES_LIMITS.deadLetterDays.value * DAY_MICROS;
    let count = this.#open.size;
    let bytes = this.#bytes;
    const gone: OpenLetter[] = [];
    for (const letter of this.#open.values()) {
      const isTooMany =
        count > SERIES_LIMITS.deadLettersMax.value || bytes > SERIES_LIMITS.deadLetterBytesMax.value;
      if (!isTooMany && letter.receivedMicros >= oldest) continue;
      gone.push(letter);
      count--;
      bytes -= letter.payloadBytes;
    }
    return gone;
  }
}
