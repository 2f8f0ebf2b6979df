import type { Offset } from '@skerry/journal';
import { type Disk, type DiskFile, KernelError } from '@skerry/kernel';

const SEGMENT_NAME = /^\d{20}\.seg$/;
/** Segments may come and go while they are opened; the folder is read anew this often. */
const TRIES = 8;

/**
 * The segments of a journal's folder, held open: what trimming removes meanwhile is still read. One open file each.
 * Fails as the disk does.
 */
export class PinnedSegments implements Disposable {
  readonly folder: string;
  /** The folder's disk, on which the held segments are still there. For reading. */
  readonly disk: Disk;
  /** Offset of the first record held at the beginning. */
  readonly firstStart: Offset;
  readonly #inner: Disk;
  readonly #files = new Map<string, DiskFile>();

  constructor(folder: string, disk: Disk) {
    this.folder = folder;
    this.#inner = disk;
    this.disk = this.#reading(disk);
    try {
      this.refresh();
      this.firstStart = this.start;
    } catch (fault) {
      this[Symbol.dispose]();
      throw fault;
    }
  }

  /** Offset of the first record held. */
  get start(): Offset {
    return Math.min(...this.#offsets());
  }

  /** Where the next segment begins behind `offset`; undefined without one. */
  nextAfter(offset: Offset): Offset | undefined {
    const later = this.#offsets().filter((one) => one > offset);
    return later.length === 0 ? undefined : Math.min(...later);
  }

  /**
   * Holds segments that have come since. When segments came and went again in between, those from before are let go, so
   * that what is held has no hole.
   */
  refresh(): void {
    for (let tries = 1; !this.#tryRefresh(); tries++) {
      if (tries === TRIES)
        throw new KernelError(
          'not-found',
          `Cannot hold the segments in ${this.folder}: in ${TRIES} tries each time one was gone before it was open.`,
          { path: this.folder },
        );
    }
  }

  [Symbol.dispose](): void {
    for (const file of this.#files.values()) file.close();
    this.#files.clear();
  }

  #tryRefresh(): boolean {
    const names = this.#inner.list(this.folder).filter((name) => SEGMENT_NAME.test(name));
    const newest = [...this.#files.keys()].sort().at(-1);
    if (newest !== undefined && String(names[0]) > newest) this[Symbol.dispose]();
    for (const name of names) {
      if (this.#files.has(name)) continue;
      try {
        this.#files.set(name, this.#inner.open(`${this.folder}/${name}`, 'read'));
      } catch (fault) {
        if (fault instanceof KernelError && fault.code === 'not-found') return false;
        throw fault;
      }
    }
    return this.#files.size > 0;
  }

  #reading(disk: Disk): Disk {
    return {
      open: (path, mode) => {
        const held = mode === 'read' ? this.#held(path) : undefined;
        return held ? new SharedFile(held) : disk.open(path, mode);
      },
      list: (path) => (path === this.folder ? [...this.#files.keys()].sort() : disk.list(path)),
      stat: (path) => {
        const held = this.#held(path);
        return held ? { kind: 'file', bytes: held.size() } : disk.stat(path);
      },
      makeFolder: (path) => disk.makeFolder(path),
      rename: (from, to) => disk.rename(from, to),
      remove: (path) => disk.remove(path),
      syncFolder: (path) => disk.syncFolder(path),
      space: (path) => disk.space(path),
    };
  }

  #held(path: string): DiskFile | undefined {
    return path.startsWith(`${this.folder}/`)
      ? this.#files.get(path.slice(this.folder.length + 1))
      : undefined;
  }

  #offsets(): Offset[] {
    return [...this.#files.keys()].map((name) => Number(name.slice(0, 20)));
  }
}

/** A held file for one reader: closing it leaves it open for the next. */
class SharedFile implements DiskFile {
  readonly #file: DiskFile;

  constructor(file: DiskFile) {
    this.#file = file;
  }

  size(): number {
    return this.#file.size();
  }

  read(into: Uint8Array, position: number): number {
    return this.#file.read(into, position);
  }

  write(bytes: Uint8Array, position: number): number {
    return this.#file.write(bytes, position);
  }

  truncate(bytes: number): void {
    this.#file.truncate(bytes);
  }

  sync(): void {
    this.#file.sync();
  }

  close(): void {}
}
