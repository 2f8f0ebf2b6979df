import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  statfsSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { Disk, DiskFile, FileStat, OpenMode } from '../disk.ts';
import { diskFault, syncFault, systemCode } from './system-fault.ts';

const FLAGS: Readonly<Record<OpenMode, string>> = { read: 'r', write: 'r+', create: 'wx+' };
/** The data folder is its owner's alone. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/** The machine's file system through synchronous calls. New files and folders are readable by their owner only. */
export function nodeDisk(): Disk {
  return {
    open: (path, mode) =>
      new NodeFile(
        path,
        on('open', path, () => openSync(path, FLAGS[mode], FILE_MODE)),
      ),
    list: (folder) => on('list', folder, () => readdirSync(folder).sort()),
    stat,
    makeFolder: (path) =>
      on('create the folder', path, () => void mkdirSync(path, { recursive: true, mode: FOLDER_MODE })),
    rename: (from, to) => on(`rename to ${to}`, from, () => renameSync(from, to)),
    remove: (path) => on('remove', path, () => unlinkSync(path)),
    syncFolder,
    space: (path) => {
      const { bavail, blocks, bsize } = on('measure the file system of', path, () => statfsSync(path));
      return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
    },
  };
}

class NodeFile implements DiskFile {
  readonly #path: string;
  readonly #fd: number;
  #isOpen = true;

  constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  size(): number {
    return on('measure', this.#path, () => fstatSync(this.#fd).size);
  }

  read(into: Uint8Array, position: number): number {
    let count = 0;
    while (count < into.byteLength) {
      const at = count;
      const got = on('read', this.#path, () =>
        readSync(this.#fd, into, at, into.byteLength - at, position + at),
      );
      if (got === 0) break;
      count += got;
    }
    return count;
  }

  write(bytes: Uint8Array, position: number): number {
    return on('write', this.#path, () => writeSync(this.#fd, bytes, 0, bytes.byteLength, position));
  }

  truncate(bytes: number): void {
    on('set the length of', this.#path, () => ftruncateSync(this.#fd, bytes));
  }

  sync(): void {
    try {
      fdatasyncSync(this.#fd);
    } catch (error) {
      throw syncFault(this.#path, error);
    }
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    on('close', this.#path, () => closeSync(this.#fd));
  }
}

function stat(path: string): FileStat | undefined {
  try {
    const found = statSync(path);
    return { kind: found.isDirectory() ? 'folder' : 'file', bytes: found.size };
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw diskFault('look at', path, error);
  }
}

function syncFolder(folder: string): void {
  const fd = on('open', folder, () => openSync(folder, 'r'));
  try {
    fsyncSync(fd);
  } catch (error) {
    throw syncFault(folder, error);
  } finally {
    closeSync(fd);
  }
}

function on<T>(action: string, path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw diskFault(action, path, error);
  }
}
