import { type Disk, KernelError } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';
import { opened, writeAll } from './whole-file.ts';

const NAME = 'reserve';
const SMALL_PART = 32;
const PIECE_BYTES = 2 ** 20;

/** Sizes of a journal, in bytes. */
export interface RoomSizes {
  readonly journalBytesMax: number;
  readonly segmentBytes: number;
  readonly reserveBytes: number;
}

/** The sizes in force: as configured, else by `LIMITS`, scaled down where the disk is small. */
export function sizesFor(disk: Disk, folder: string, wanted: Partial<RoomSizes>): RoomSizes {
  const journalBytesMax = wanted.journalBytesMax ?? LIMITS.journalBytesMax.value;
  const room = Math.min(journalBytesMax, disk.space(folder).totalBytes);
  const part = Math.floor(room / SMALL_PART);
  return {
    journalBytesMax,
    segmentBytes:
      wanted.segmentBytes ??
      Math.min(LIMITS.segmentBytesMax.value, Math.max(LIMITS.segmentBytesMin.value, part)),
    reserveBytes: wanted.reserveBytes ?? Math.min(LIMITS.reserveBytes.value, part),
  };
}

/** How full the journal is, and the ballast that is thrown off when the disk is. */
export class Room {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #sizes: RoomSizes;
  #hasReserve: boolean;

  constructor(disk: Disk, folder: string, sizes: RoomSizes) {
    this.#disk = disk;
    this.#folder = folder;
    this.#sizes = sizes;
    this.#hasReserve = disk.stat(this.#path)?.bytes === sizes.reserveBytes;
  }

  /** Bytes that the journal may come to: its size limit, or what it has and what is free where that is less. */
  capacity(usedBytes: number): number {
    const { freeBytes } = this.#disk.space(this.#folder);
    const owed = this.#hasReserve ? 0 : this.#sizes.reserveBytes;
    return Math.min(this.#sizes.journalBytesMax, usedBytes + Math.max(0, freeBytes - owed));
  }

  /** Whether `moreBytes` fit below the share at which the journal is full. */
  admits(usedBytes: number, moreBytes: number): boolean {
    return usedBytes + moreBytes <= (this.capacity(usedBytes) * LIMITS.fullPercent.value) / 100;
  }

  /** Bytes that should be trimmed. */
  excess(usedBytes: number): number {
    return Math.max(0, usedBytes - (this.capacity(usedBytes) * LIMITS.trimPercent.value) / 100);
  }

  /** What bounds the journal: the disk's free room, or the journal's own limit. */
  shortOf(usedBytes: number): 'disk' | 'journal' {
    return this.capacity(usedBytes) < this.#sizes.journalBytesMax ? 'disk' : 'journal';
  }

  /** Whether there is ballast. */
  get hasReserve(): boolean {
    return this.#hasReserve;
  }

  /** Gives the ballast back to the disk; false when there was none. */
  throwOff(): boolean {
    this.#hasReserve = false;
    if (!this.#disk.stat(this.#path)) return false;
    this.#disk.remove(this.#path);
    return true;
  }

  /** Takes ballast on again where there is none and room for twice as much; nothing happens on a full disk. */
  takeOn(): void {
    const { reserveBytes } = this.#sizes;
    if (this.#hasReserve || reserveBytes === 0) return;
    if (this.#disk.space(this.#folder).freeBytes < 2 * reserveBytes) return;
    this.throwOff();
    try {
      using file = opened(this.#disk, this.#path, 'create');
      const piece = new Uint8Array(Math.min(PIECE_BYTES, reserveBytes));
      for (let at = 0; at < reserveBytes; at += piece.byteLength)
        writeAll(file.handle, piece.subarray(0, Math.min(piece.byteLength, reserveBytes - at)), at);
      this.#hasReserve = true;
    } catch (error) {
      if (!(error instanceof KernelError) || error.code !== 'disk-full') throw error;
      this.throwOff();
    }
  }

  get #path(): string {
    return `${this.#folder}/${NAME}`;
  }
}
