import { crc32 } from 'node:zlib';
import type { Disk } from '@skerry/kernel';
import { JournalError } from '../errors.ts';
import { makeDurableFolder, readWhole, replaceFile, writeAll } from '../segment/whole-file.ts';

const VERSION = 1;

/** Where a small state lies: JSON with a version and a checksum. */
export interface CheckedFile {
  readonly folder: string;
  readonly name: string;
}

/** Makes a state durable in place of the one before: written aside, synced, renamed, the folder synced. Fails as the disk does. */
export function writeChecked(disk: Disk, { folder, name }: CheckedFile, state: object): void {
  const text = JSON.stringify(state);
  const bytes = new TextEncoder().encode(JSON.stringify({ version: VERSION, checksum: crc32(text), state }));
  if (!disk.stat(folder)) makeDurableFolder(disk, folder);
  replaceFile(disk, folder, name, (file) => writeAll(file, bytes, 0));
}

/** The state last made durable; undefined without one. Fails with `journal-damaged`. */
export function readChecked<T>(disk: Disk, { folder, name }: CheckedFile): T | undefined {
  const path = `${folder}/${name}`;
  const bytes = readWhole(disk, path);
  if (!bytes) return undefined;
  const found = parse(path, bytes);
  if (found.version !== VERSION)
    throw damage(path, `the version is ${String(found.version)} and not ${VERSION}`);
  if (!found.state || crc32(JSON.stringify(found.state)) !== found.checksum)
    throw damage(path, 'the checksum does not fit');
  return found.state as T; // written by the one build that knows the version, and checked
}

interface Found {
  readonly version?: unknown;
  readonly checksum?: unknown;
  readonly state?: object;
}

function parse(path: string, bytes: Uint8Array): Found {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null) return value; // members are checked by version and checksum
  } catch (cause) {
    throw damage(path, 'there is no JSON', cause);
  }
  throw damage(path, 'there is no object');
}

function damage(path: string, what: string, cause?: unknown): JournalError {
  return new JournalError(
    'journal-damaged',
    `Cannot go on from the position in ${path}: ${what}.`,
    { path },
    cause,
  );
}
