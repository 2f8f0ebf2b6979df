import type { SeededRandom } from './seeded-random.ts';

/** What a disk writes as a whole or not at all. */
export const SECTOR_BYTES = 512;
const VERSIONS_MAX = 4;

/**
 * The bytes of one simulated file: as the page cache shows them and as they are on the medium. Written sectors are
 * dirty until a sync; a power cut keeps or loses each of them by itself, also in a version that was overwritten since.
 */
export class FileContents {
  #cached = new Uint8Array(0);
  #cachedBytes = 0;
  #durable = new Uint8Array(0);
  #durableBytes = 0;
  /** Dirty sectors, each with the versions it had since the last sync, the newest left out. */
  readonly #dirty = new Map<number, Uint8Array[]>();
  /** Lengths the file had since the last sync. */
  #lengths: number[] = [];
  /** True after a failed sync: clean sectors of the cache may differ from the medium. */
  #hasDiverged = false;

  get bytes(): number {
    return this.#cachedBytes;
  }

  /** True when nothing would be lost by a power cut. */
  get isDurable(): boolean {
    return this.#dirty.size === 0 && this.#cachedBytes === this.#durableBytes && !this.#hasDiverged;
  }

  read(into: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(into.byteLength, this.#cachedBytes - position));
    into.set(this.#cached.subarray(position, position + count));
    return count;
  }

  write(bytes: Uint8Array, position: number): void {
    if (bytes.byteLength === 0) return;
    const end = position + bytes.byteLength;
    this.#markDirty(Math.min(position, this.#cachedBytes), end);
    this.#cached = grown(this.#cached, end);
    this.#cached.set(bytes, position);
    this.#setLength(Math.max(this.#cachedBytes, end));
  }

  truncate(bytes: number): void {
    this.#markDirty(Math.min(bytes, this.#cachedBytes), Math.max(bytes, this.#cachedBytes));
    this.#cached = grown(this.#cached, bytes);
    this.#cached.fill(0, bytes, Math.max(bytes, this.#cachedBytes));
    this.#setLength(bytes);
  }

  /** Brings every dirty sector and the length to the medium. */
  sync(): void {
    this.#writeBack([...this.#dirty.keys()]);
    this.#setDurableLength(this.#cachedBytes);
    this.#becomeClean();
  }

  /** A sync that fails: some sectors reach the medium, the others are taken for clean and never written again. */
  failSync(random: SeededRandom): void {
    const share = random.float();
    this.#writeBack([...this.#dirty.keys()].filter(() => random.chance(share)));
    this.#setDurableLength(random.chance(0.5) ? this.#durableBytes : this.#cachedBytes);
    this.#becomeClean();
    this.#hasDiverged = true;
  }

  /** The power goes: the cache is lost, and of each dirty sector and of the length one version is found. */
  cutPower(random: SeededRandom): void {
    const mood = random.int(4);
    const share = mood === 0 ? 0 : mood === 1 ? 1 : random.float();
    const length = this.#lengthAfterCut(random, mood);
    for (const [sector, versions] of this.#dirty) {
      if (!random.chance(share)) continue;
      const older = mood > 1 && random.chance(0.3) ? versions[random.int(versions.length)] : undefined;
      this.#writeSector(sector, older ?? this.#sectorOf(this.#cached, sector));
    }
    this.#setDurableLength(length);
    this.#cached = this.#durable.slice();
    this.#cachedBytes = length;
    this.#becomeClean();
    this.#hasDiverged = false;
  }

  #lengthAfterCut(random: SeededRandom, mood: number): number {
    if (mood === 0) return this.#durableBytes;
    if (mood === 1) return this.#cachedBytes;
    const choices = [this.#durableBytes, this.#cachedBytes, ...this.#lengths];
    const low = Math.min(...choices);
    const between = low + random.int(Math.max(...choices) - low + 1);
    return choices[random.int(choices.length + 1)] ?? between;
  }

  #markDirty(from: number, to: number): void {
    const last = Math.ceil(to / SECTOR_BYTES);
    for (let sector = Math.floor(from / SECTOR_BYTES); sector < last; sector++) {
      const versions = this.#dirty.get(sector);
      if (!versions) this.#dirty.set(sector, []);
      else if (versions.length < VERSIONS_MAX) versions.push(this.#sectorOf(this.#cached, sector).slice());
    }
  }

  #sectorOf(bytes: Uint8Array, sector: number): Uint8Array {
    return bytes.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
  }

  #writeBack(sectors: readonly number[]): void {
    for (const sector of sectors) this.#writeSector(sector, this.#sectorOf(this.#cached, sector));
  }

  #writeSector(sector: number, bytes: Uint8Array): void {
    const start = sector * SECTOR_BYTES;
    this.#durable = grown(this.#durable, start + SECTOR_BYTES);
    this.#durable.set(bytes, start);
    this.#durable.fill(0, start + bytes.byteLength, start + SECTOR_BYTES);
  }

  #setLength(bytes: number): void {
    if (bytes === this.#cachedBytes) return;
    this.#cachedBytes = bytes;
    if (this.#lengths.length < VERSIONS_MAX) this.#lengths.push(bytes);
  }

  #setDurableLength(bytes: number): void {
    this.#durable = grown(this.#durable, bytes);
    this.#durable.fill(0, bytes);
    this.#durableBytes = bytes;
  }

  #becomeClean(): void {
    this.#dirty.clear();
    this.#lengths = [];
  }
}

/** The same bytes with room for `bytes`, the new room zero. */
function grown(buffer: Uint8Array<ArrayBuffer>, bytes: number): Uint8Array<ArrayBuffer> {
  if (buffer.byteLength >= bytes) return buffer;
  const next = new Uint8Array(Math.max(bytes, buffer.byteLength * 2, 4096));
  next.set(buffer);
  return next;
}
