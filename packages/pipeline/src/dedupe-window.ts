import { HASH, hashBytes } from './content-hash.ts';
import { PipelineError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** What a window says of a message: new, the same again, or its id with another payload. */
export type Familiarity = 'new' | 'duplicate' | 'other-payload';

/** Hashes of one message as they are kept: docs/formats/dedupe.md. */
export interface MessageHash {
  idLow: number;
  idHigh: number;
  payload: number;
}

const VERSION = 1;
const HEADER_BYTES = 4;
const ENTRY_WORDS = 4;
const scratch = Buffer.alloc(2048);
/** What stands at the beginning of `scratch`. */
let prefixKind = '';
let prefixEpoch = '';
let prefixBytes = 0;

/** Fills `into` for a message of `epoch` with an id of `kind` (`m` message id, `s` sequence number) and a payload. */
export function hashMessage(
  kind: 'm' | 's',
  epoch: string,
  id: string,
  bytes: Uint8Array,
  start: number,
  end: number,
  into: MessageHash,
): void {
  // ids and epochs have at most 256 UTF-16 units (headers are cut to that), so 1,544 bytes hold them
  if (kind !== prefixKind || epoch !== prefixEpoch) {
    prefixBytes = scratch.write(`${kind}\u0000${epoch}\u0000`, 0, 'utf8');
    prefixKind = kind;
    prefixEpoch = epoch;
  }
  hashBytes(scratch, 0, prefixBytes + writeText(id, prefixBytes));
  into.idLow = Number(HASH[0]);
  into.idHigh = Number(HASH[1]);
  hashBytes(bytes, start, end);
  into.payload = Number(HASH[0]);
}

/** Writes a text into the scratch bytes; returns its length. Short plain ones, as most ids are, without a call. */
function writeText(text: string, at: number): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) return scratch.write(text, at, 'utf8');
    scratch[at + i] = code;
  }
  return text.length;
}

/**
 * The ids a device has used lately, in the order of their arrival, as a ring of 16-byte entries with an index by id.
 * A function of the entries alone, so that it comes out the same after a restart.
 */
export class DedupeWindow {
  #capacity = 16;
  #entries = new Uint32Array(16 * ENTRY_WORDS);
  /** Open addressing by the low word of the id; 0 is free, else place in the ring + 1. */
  #index: Uint16Array | Uint32Array = new Uint16Array(32);
  #oldest = 0;
  #size = 0;
  #fresh = 0;

  /** Entries held. */
  get size(): number {
    return this.#size;
  }

  /** Entries added since `takeFresh`, those already forgotten left out. */
  get freshCount(): number {
    return Math.min(this.#fresh, this.#size);
  }

  /** Whether the message is known. */
  find(hash: MessageHash): Familiarity {
    const mask = this.#index.length - 1;
    let answer: Familiarity = 'new';
    for (let slot = hash.idLow & mask; ; slot = (slot + 1) & mask) {
      const place = Number(this.#index[slot]);
      if (place === 0) return answer;
      const at = (place - 1) * ENTRY_WORDS;
      if (this.#entries[at] !== hash.idLow || this.#entries[at + 1] !== hash.idHigh) continue;
      if (this.#entries[at + 2] === hash.payload) return 'duplicate';
      answer = 'other-payload';
    }
  }

  /** Forgets what the window no longer has to hold at `secs`, then adds. `most`: entries held at most. */
  add(hash: MessageHash, secs: number, most: number): void {
    this.evict(secs, most - 1);
    if (this.#size === this.#capacity) this.#grow(most);
    const place = (this.#oldest + this.#size) % this.#capacity;
    const at = place * ENTRY_WORDS;
    this.#entries[at] = hash.idLow;
    this.#entries[at + 1] = hash.idHigh;
    this.#entries[at + 2] = hash.payload;
    this.#entries[at + 3] = secs;
    this.#size++;
    this.#fresh++;
    this.#enter(place);
  }

  /** Forgets entries older than 10 min beyond 4,096, and those beyond `most`. */
  evict(secs: number, most: number): void {
    const old = secs - LIMITS.dedupeSecs.value;
    while (
      this.#size > most ||
      (this.#size > LIMITS.dedupeIdsMin.value && Number(this.#entries[this.#oldest * ENTRY_WORDS + 3]) < old)
    ) {
      this.#leave(this.#oldest);
      this.#oldest = (this.#oldest + 1) % this.#capacity;
      this.#size--;
    }
  }

  /** The entries added since the last call, encoded; undefined when there are none. */
  takeFresh(): { count: number; newestMicros: number; bytes: Uint8Array<ArrayBuffer> } | undefined {
    const count = this.freshCount;
    this.#fresh = 0;
    if (count === 0) return undefined;
    const bytes = new Uint8Array(HEADER_BYTES + count * 16);
    const view = new DataView(bytes.buffer);
    bytes[0] = VERSION;
    let newest = 0;
    for (let i = 0; i < count; i++) {
      const at = ((this.#oldest + this.#size - count + i) % this.#capacity) * ENTRY_WORDS;
      for (let word = 0; word < ENTRY_WORDS; word++)
        view.setUint32(HEADER_BYTES + i * 16 + word * 4, Number(this.#entries[at + word]), true);
      newest = Math.max(newest, Number(this.#entries[at + 3]));
    }
    return { count, newestMicros: (newest + 1) * 1_000_000 - 1, bytes };
  }

  /** Adds stored entries as they were added first. Fails with `dedupe-damaged`. */
  restore(bytes: Uint8Array, most: number): void {
    if (bytes[0] !== VERSION || (bytes.length - HEADER_BYTES) % 16 !== 0)
      throw new PipelineError(
        'dedupe-damaged',
        `Dedupe entries of version ${bytes[0]} and ${bytes.length} bytes were found; version ${VERSION} and 4 + 16 x n bytes were expected.`,
      );
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const hash: MessageHash = { idLow: 0, idHigh: 0, payload: 0 };
    for (let at = HEADER_BYTES; at < bytes.length; at += 16) {
      hash.idLow = view.getUint32(at, true);
      hash.idHigh = view.getUint32(at + 4, true);
      hash.payload = view.getUint32(at + 8, true);
      this.add(hash, view.getUint32(at + 12, true), most);
    }
    this.#fresh = 0;
  }

  #enter(place: number): void {
    const mask = this.#index.length - 1;
    let slot = Number(this.#entries[place * ENTRY_WORDS]) & mask;
    while (this.#index[slot] !== 0) slot = (slot + 1) & mask;
    this.#index[slot] = place + 1;
  }

  /** Takes a place out of the index and closes the hole behind it. */
  #leave(place: number): void {
    const index = this.#index;
    const mask = index.length - 1;
    let hole = Number(this.#entries[place * ENTRY_WORDS]) & mask;
    while (index[hole] !== place + 1) hole = (hole + 1) & mask;
    for (let slot = (hole + 1) & mask; index[slot] !== 0; slot = (slot + 1) & mask) {
      const home = Number(this.#entries[(Number(index[slot]) - 1) * ENTRY_WORDS]) & mask;
      if (((slot - home) & mask) < ((slot - hole) & mask)) continue;
      index[hole] = Number(index[slot]);
      hole = slot;
    }
    index[hole] = 0;
  }

  /** Doubles, but not beyond what may be held. */
  #grow(most: number): void {
    const capacity = Math.max(this.#size + 1, Math.min(this.#capacity * 2, most));
    const entries = new Uint32Array(capacity * ENTRY_WORDS);
    const head = this.#entries.subarray(this.#oldest * ENTRY_WORDS);
    entries.set(head);
    entries.set(this.#entries.subarray(0, this.#oldest * ENTRY_WORDS), head.length);
    this.#entries = entries;
    this.#oldest = 0;
    this.#capacity = capacity;
    const slots = 2 ** Math.ceil(Math.log2(capacity * 2));
    this.#index = capacity < 65_535 ? new Uint16Array(slots) : new Uint32Array(slots);
    for (let place = 0; place < this.#size; place++) this.#enter(place);
  }
}
