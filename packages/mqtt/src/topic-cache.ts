import { LIMITS } from './limits.ts';

const WAYS = 4;

/**
 * What is known about topics, found by their bytes without making strings. A set of four places per hash, so that topics
 * chosen to collide cost their sender misses and nobody else more than that.
 */
export class TopicCache<Entry> {
  readonly #nameBytesMax: number;
  readonly #setMask: number;
  readonly #keys: Int32Array;
  /** Length of the name in each place, -1 for a free one. */
  readonly #lengths: Int32Array;
  /** Where in `#names` the name of a place stands: places take room there in the order of their first use. */
  readonly #rooms: Int32Array;
  readonly #names: Uint8Array;
  readonly #entries: (Entry | undefined)[];
  #roomsUsed = 0;
  #nextWay = 0;

  /** Room for `countMax` topics (rounded down to a power of two, 4 at least) of up to `nameBytesMax` bytes each. */
  constructor(
    countMax: number = LIMITS.topicsCachedMax.value,
    nameBytesMax: number = LIMITS.cachedTopicBytesMax.value,
  ) {
    const sets = 2 ** Math.floor(Math.log2(Math.max(1, countMax / WAYS)));
    const places = sets * WAYS;
    this.#nameBytesMax = nameBytesMax;
    this.#setMask = sets - 1;
    this.#keys = new Int32Array(places);
    this.#lengths = new Int32Array(places).fill(-1);
    this.#rooms = new Int32Array(places).fill(-1);
    this.#names = new Uint8Array(places * nameBytesMax);
    this.#entries = new Array<Entry | undefined>(places).fill(undefined);
  }

  /** The entry of the topic in `bytes` from `start` up to, without, `end`; `key` is its hash (`PacketCursor.topicKey`). */
  find(bytes: Uint8Array, start: number, end: number, key: number): Entry | undefined {
    const first = this.#firstPlace(key);
    for (let place = first; place < first + WAYS; place++) {
      if (this.#keys[place] !== key || this.#lengths[place] !== end - start) continue;
      if (this.#isName(place, bytes, start, end)) return this.#entries[place];
    }
    return undefined;
  }

  /** Remembers an entry that `find` did not know; another of the set is forgotten for it, and a long name is not kept. */
  add(bytes: Uint8Array, start: number, end: number, key: number, entry: Entry): void {
    if (end - start > this.#nameBytesMax) return;
    const place = this.#placeFor(key);
    if (this.#rooms[place] === -1) this.#rooms[place] = this.#roomsUsed++ * this.#nameBytesMax;
    this.#keys[place] = key;
    this.#lengths[place] = end - start;
    let at = Number(this.#rooms[place]);
    for (let i = start; i < end; i++) this.#names[at++] = Number(bytes[i]);
    this.#entries[place] = entry;
  }

  #placeFor(key: number): number {
    const first = this.#firstPlace(key);
    for (let place = first; place < first + WAYS; place++) if (this.#lengths[place] === -1) return place;
    this.#nextWay = (this.#nextWay + 1) % WAYS;
    return first + this.#nextWay;
  }

  /** The low bits of the hash are its weakest; the high ones are folded in. */
  #firstPlace(key: number): number {
    return ((key ^ (key >>> 15)) & this.#setMask) * WAYS;
  }

  #isName(place: number, bytes: Uint8Array, start: number, end: number): boolean {
    const names = this.#names;
    let other = Number(this.#rooms[place]);
    for (let i = start; i < end; i++) if (bytes[i] !== names[other++]) return false;
    return true;
  }
}
