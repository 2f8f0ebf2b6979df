/** What `Disk.stat` tells of a name. */
export interface FileStat {
  readonly kind: 'file' | 'folder';
  readonly bytes: number;
}

/** How `Disk.open` opens: `read` an existing file, `write` an existing file for reading and writing, `create` a new one (fails when the name exists). */
export type OpenMode = 'read' | 'write' | 'create';

/**
 * An open file. All calls are synchronous: they belong on a thread that may block.
 * Nothing written is durable before `sync` returns; a name is durable only after `Disk.syncFolder` of its folder.
 */
export interface DiskFile {
  /** Current length in bytes. */
  size(): number;
  /** Reads up to `into.byteLength` bytes at `position`; returns the count, 0 at the end of the file. */
  read(into: Uint8Array, position: number): number;
  /**
   * Writes at `position` and returns how many bytes were taken, which may be fewer than given when the disk is
   * nearly full; the next call then fails with `KernelError` code `disk-full`.
   */
  write(bytes: Uint8Array, position: number): number;
  /** Sets the length. Not durable before `sync`. */
  truncate(bytes: number): void;
  /** Makes contents and length durable (fdatasync). After a failure (`sync-failed`) the file is never to be synced again. */
  sync(): void;
  close(): void;
}

/** A file system as the platform sees it. Paths use `/`. Faults are `KernelError`s with the code of the cause. */
export interface Disk {
  open(path: string, mode: OpenMode): DiskFile;
  /** Names inside a folder, sorted. Fails with `not-found`. */
  list(folder: string): string[];
  /** Undefined when the name does not exist. */
  stat(path: string): FileStat | undefined;
  /** Creates a folder and its parents where missing. */
  makeFolder(path: string): void;
  /** Replaces `to` when it exists. Durable after `syncFolder` of both folders. */
  rename(from: string, to: string): void;
  /** Removes a file. Durable after `syncFolder`. */
  remove(path: string): void;
  /** Makes names in the folder durable (fsync of the folder). */
  syncFolder(folder: string): void;
  /** Bytes that may still be written, and the size of the file system that holds `path`. */
  space(path: string): { readonly freeBytes: number; readonly totalBytes: number };
}
