import type { Disk, FailpointHook, Logger } from '@skerry/kernel';
import { SeriesError } from '../errors.ts';
import { DayFile, type DayState, makeDayFile } from './day-file.ts';
import { makeRollupFile, RollupFile } from './rollup-file.ts';
import type { StoreFile } from './store-file.ts';

const DAY_NAME = /^(\d{4}-\d{2}-\d{2})\.db$/;
const ROLLUP_NAME = /^rollup-(\d{4}-\d{2})\.db$/;
const LEFT_OVER = /^(.+\.db)(-wal|-shm|-journal|\.new|\.new-journal)$/;

/** The day of receipt of a log time, `yyyy-mm-dd`, UTC. */
export function dayOf(logMicros: number): string {
  return new Date(logMicros / 1000).toISOString().slice(0, 10);
}

/** The folder of one retention class: which files are there, and how one comes and goes. */
export class StoreFolder {
  readonly path: string;
  readonly #disk: Disk;
  readonly #logger: Logger;
  readonly #failpoint: FailpointHook;
  readonly #fileBytesMax: number;

  /** Makes the folder where it is missing and removes what crashed makers and removers left behind. */
  constructor(
    path: string,
    fileBytesMax: number,
    needs: { readonly disk: Disk; readonly logger: Logger; readonly failpoint: FailpointHook },
  ) {
    this.path = path;
    this.#disk = needs.disk;
    this.#logger = needs.logger;
    this.#failpoint = needs.failpoint;
    this.#fileBytesMax = fileBytesMax;
    this.#disk.makeFolder(path);
    this.#clean();
  }

  /** All day files, oldest first. One that cannot be opened fails: the store never starts without what it had. */
  openDays(): DayFile[] {
    return this.#names(DAY_NAME).map(([name, day]) => this.#openDay(name, day));
  }

  /** All rollup files, oldest first. */
  openRollups(): RollupFile[] {
    return this.#names(ROLLUP_NAME).map(
      ([name, month]) => new RollupFile(this.#checked(name), month, this.#fileBytesMax),
    );
  }

  /** Makes and opens the file of a day. A crash anywhere leaves either the old newest file or the whole new one. */
  addDay(day: string, old: DayFile | undefined, first: DayState, closedSinceMicros: number): DayFile {
    const name = `${day}.db`;
    this.#place(name, (path) => makeDayFile(path, old, first, closedSinceMicros));
    return this.#openDay(name, day);
  }

  /** Makes and opens the rollup file of a month. */
  addRollup(month: string, old: RollupFile | undefined, journalId: string): RollupFile {
    const name = `rollup-${month}.db`;
    this.#place(name, (path) => makeRollupFile(path, old, journalId));
    return new RollupFile(this.#at(name), month, this.#fileBytesMax);
  }

  /** Closes a file and removes it. */
  drop(file: StoreFile): void {
    file.close();
    this.#disk.remove(file.path);
    this.#disk.syncFolder(this.path);
    this.#clean();
  }

  /** Bytes on disk of a file with its log. */
  bytesOf(file: StoreFile): number {
    return (this.#disk.stat(file.path)?.bytes ?? 0) + (this.#disk.stat(`${file.path}-wal`)?.bytes ?? 0);
  }

  #openDay(name: string, day: string): DayFile {
    return new DayFile(this.#checked(name), day, this.#fileBytesMax);
  }

  /** SQLite would take an empty file for a new database. */
  #checked(name: string): string {
    const path = this.#at(name);
    if (this.#disk.stat(path)?.bytes === 0) {
      throw new SeriesError(
        'store-damaged',
        `Cannot use ${path}: it is empty; put it back from a backup, or remove it to start before it.`,
        { path },
      );
    }
    return path;
  }

  #names(pattern: RegExp): [name: string, key: string][] {
    return this.#disk.list(this.path).flatMap((name): [string, string][] => {
      const key = pattern.exec(name)?.[1];
      return key === undefined ? [] : [[name, key]];
    });
  }

  #place(name: string, make: (path: string) => void): void {
    const path = this.#at(name);
    const fresh = `${path}.new`;
    this.#removeIfThere(fresh);
    // a log left by a file of this name would be taken for the new file's own
    this.#removeIfThere(`${path}-wal`);
    this.#removeIfThere(`${path}-shm`);
    this.#disk.syncFolder(this.path);
    make(fresh);
    const file = this.#disk.open(fresh, 'write');
    try {
      file.sync();
    } finally {
      file.close();
    }
    this.#failpoint('day-file-after-create');
    this.#disk.rename(fresh, path);
    this.#disk.syncFolder(this.path);
    this.#logger.log('info', 'store file begun', { path });
  }

  #clean(): void {
    const names = new Set(this.#disk.list(this.path));
    for (const name of names) {
      const [, owner, ending] = LEFT_OVER.exec(name) ?? [];
      if (owner === undefined || ending === undefined) continue;
      if (!ending.startsWith('.new') && names.has(owner)) continue;
      this.#disk.remove(this.#at(name));
      this.#logger.log('warn', 'left-over file of the store removed', { path: this.#at(name) });
    }
    this.#disk.syncFolder(this.path);
  }

  #removeIfThere(path: string): void {
    if (this.#disk.stat(path)) this.#disk.remove(path);
  }

  #at(name: string): string {
    return `${this.path}/${name}`;
  }
}
