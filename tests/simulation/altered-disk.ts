import type { Disk, DiskFile, FileStat, OpenMode } from '@skerry/kernel';

/** What a call of the journal is for, told from the calls before it; the names are those of `REMOVALS`. */
export type Purpose =
  | 'commit sync'
  | 'roll header sync'
  | 'undo truncate'
  | 'undo sync'
  | 'write-over truncate'
  | 'write-over sync'
  | 'copy sync'
  | 'id sync'
  | 'consumers sync'
  | 'folder of the journal'
  | 'folder after roll'
  | 'folder after copy'
  | 'folder after write-over'
  | 'folder after id'
  | 'folder after consumers'
  | 'folder after trim'
  | 'folder after an unborn segment'
  | 'other';

const SEGMENT = /\/\d{20}\.seg$/;
const UNFINISHED = '.unfinished';

/** The disk without the calls of one purpose: they are answered as done and are not. */
export class AlteredDisk implements Disk {
  readonly #inner: Disk;
  readonly #purpose: Purpose;
  readonly #onLeftOut: () => void;
  /** The last change of names, and what it was for. */
  #lastChange: Purpose = 'other';
  /** False while the journal recovers. */
  #isRecovered = false;
  /** The segment of which recovery could make no copy. */
  #uncopied: string | undefined;

  constructor(inner: Disk, purpose: Purpose, onLeftOut: () => void) {
    this.#inner = inner;
    this.#purpose = purpose;
    this.#onLeftOut = onLeftOut;
  }

  open(path: string, mode: OpenMode): DiskFile {
    const file = this.#inner.open(path, mode);
    if (mode === 'create') this.#uncopied = undefined;
    if (mode === 'create' && SEGMENT.test(path)) {
      this.#lastChange = 'folder after roll';
    }
    return this.#handle(file, path, mode);
  }

  list(folder: string): string[] {
    return this.#inner.list(folder);
  }

  stat(path: string): FileStat | undefined {
    return this.#inner.stat(path);
  }

  makeFolder(path: string): void {
    this.#inner.makeFolder(path);
  }

  rename(from: string, to: string): void {
    this.#inner.rename(from, to);
    if (SEGMENT.test(to)) this.#lastChange = 'folder after copy';
    else this.#lastChange = to.endsWith('journal.id') ? 'folder after id' : 'folder after consumers';
  }

  remove(path: string): void {
    this.#inner.remove(path);
    if (path.endsWith(`.seg${UNFINISHED}`)) this.#uncopied = path.slice(0, -UNFINISHED.length);
    if (!SEGMENT.test(path)) return;
    this.#lastChange = this.#isRecovered ? 'folder after trim' : 'folder after an unborn segment';
  }

  syncFolder(folder: string): void {
    const purpose = folder.endsWith('/journal') ? this.#lastChange : 'folder of the journal';
    this.#lastChange = 'other';
    if (purpose === 'folder after copy' || purpose === 'folder after write-over') this.#isRecovered = true;
    this.#unless(purpose, () => this.#inner.syncFolder(folder));
  }

  space(path: string): { readonly freeBytes: number; readonly totalBytes: number } {
    return this.#inner.space(path);
  }

  #unless(purpose: Purpose, act: () => void): void {
    if (purpose === this.#purpose) this.#onLeftOut();
    else act();
  }

  #handle(file: DiskFile, path: string, mode: OpenMode): DiskFile {
    const isSegment = SEGMENT.test(path);
    const isWriteOver = mode === 'write' && path === this.#uncopied;
    let isFirstSync = mode === 'create';
    let wasTruncated = false;
    const syncPurpose = (): Purpose => {
      if (path.endsWith(`journal.id${UNFINISHED}`)) return 'id sync';
      if (path.endsWith(`consumers.json${UNFINISHED}`)) return 'consumers sync';
      if (path.endsWith(`.seg${UNFINISHED}`)) return 'copy sync';
      if (!isSegment) return 'other';
      if (isWriteOver) return 'write-over sync';
      if (wasTruncated) return 'undo sync';
      return isFirstSync ? 'roll header sync' : 'commit sync';
    };
    return {
      size: () => file.size(),
      read: (into, position) => file.read(into, position),
      write: (bytes, position) => {
        wasTruncated = false;
        return file.write(bytes, position);
      },
      truncate: (bytes) => {
        wasTruncated = true;
        this.#unless(isWriteOver ? 'write-over truncate' : 'undo truncate', () => file.truncate(bytes));
      },
      sync: () => {
        const purpose = syncPurpose();
        isFirstSync = false;
        if (isWriteOver) this.#lastChange = 'folder after write-over';
        this.#unless(purpose, () => file.sync());
      },
      close: () => file.close(),
    };
  }
}
