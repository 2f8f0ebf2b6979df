import { type Disk, type DiskFile, KernelError } from '@skerry/kernel';

/** Ending of names that a crash may leave behind and that mean nothing. */
export const UNFINISHED = '.unfinished';

/** Writes all bytes at `at`, however the disk takes them. */
export function writeAll(file: DiskFile, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.byteLength; ) {
    const taken = file.write(bytes.subarray(done), at + done);
    if (taken === 0)
      throw new KernelError('disk-full', 'Cannot write: the disk took no byte.', { at: at + done });
    done += taken;
  }
}

/** All bytes of a file, or undefined when there is none. */
export function readWhole(disk: Disk, path: string): Uint8Array<ArrayBuffer> | undefined {
  if (!disk.stat(path)) return undefined;
  using file = opened(disk, path, 'read');
  const bytes = new Uint8Array(file.handle.size());
  return bytes.subarray(0, file.handle.read(bytes, 0));
}

/**
 * Puts a file in place, or replaces it, so that after a crash at any moment either the old or the new contents are
 * there, whole: a file of another name is written and synced, renamed, and the folder synced.
 */
export function replaceFile(disk: Disk, folder: string, name: string, write: (file: DiskFile) => void): void {
  const path = `${folder}/${name}`;
  const unfinished = `${path}${UNFINISHED}`;
  if (disk.stat(unfinished)) disk.remove(unfinished);
  try {
    using file = opened(disk, unfinished, 'create');
    write(file.handle);
    file.handle.sync();
  } catch (error) {
    // what a full disk took of it would only keep the disk full
    if (error instanceof KernelError && error.code === 'disk-full' && disk.stat(unfinished))
      disk.remove(unfinished);
    throw error;
  }
  disk.rename(unfinished, path);
  disk.syncFolder(folder);
}

/** An open file that is closed with its block. */
export function opened(
  disk: Disk,
  path: string,
  mode: 'read' | 'write' | 'create',
): Disposable & { readonly handle: DiskFile } {
  const handle = disk.open(path, mode);
  return { handle, [Symbol.dispose]: () => handle.close() };
}

/**
 * Creates a folder and its parents where missing, each durable in its parent before the next is made. The lowest that
 * exists is made durable too: a process that was killed may have made it and not come to that.
 */
export function makeDurableFolder(disk: Disk, folder: string): void {
  const missing: string[] = [];
  let existing = folder;
  for (; existing !== '' && !disk.stat(existing); existing = parentOf(existing)) missing.push(existing);
  if (existing !== '') syncExisting(disk, existing);
  for (const path of missing.reverse()) {
    disk.makeFolder(path);
    disk.syncFolder(homeOf(path));
  }
}

function syncExisting(disk: Disk, path: string): void {
  try {
    disk.syncFolder(homeOf(path));
  } catch (error) {
    // a folder that this user may not even read is not one that this program made something in
    if (!(error instanceof KernelError) || error.code !== 'disk-denied') throw error;
  }
}

function homeOf(path: string): string {
  const parent = parentOf(path);
  return parent === '' ? (path.startsWith('/') ? '/' : '.') : parent;
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}
