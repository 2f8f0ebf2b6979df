import { crc32 } from 'node:zlib';
import { type Disk, KernelError } from '@skerry/kernel';
import { JournalError } from '../errors.ts';
import type { Offset } from '../journal.ts';
import { makeDurableFolder, readWhole, replaceFile, writeAll } from '../segment/whole-file.ts';
import type { Acknowledged, UplinkMark } from './uplink-memory.ts';

const VERSION = 1;

/** How far an uplink has come, durably. */
export interface UplinkState {
  /** Id of the journal that it reads. */
  readonly journalId: string;
  /** Everything below is in Kafka, or was not for it. */
  readonly position: Offset;
  /** What decided about partitions when the records below were sent. */
  readonly fingerprint: string;
  /** By topic: for each partition the number of the next record of this journal. Its length is the topic's count of partitions. */
  readonly numbers: Readonly<Record<string, readonly number[]>>;
  /** Written at an orderly end: nothing behind `position` was sent. */
  readonly isClean: boolean;
  /** What Kafka has acknowledged, below `position`; absent in files of earlier builds. */
  readonly acknowledged?: Acknowledged;
}

/** Places that an uplink can go back to, oldest first, of the journal with this id. */
export interface UplinkMarks {
  readonly journalId: string;
  readonly marks: readonly UplinkMark[];
}

/** Where an uplink keeps its position. */
export interface PositionFile {
  readonly folder: string;
  readonly name: string;
}

/** Makes a state durable in place of the one before: written aside, synced, renamed, the folder synced. Fails as the disk does. */
export function writeUplinkState(disk: Disk, file: PositionFile, state: UplinkState): void {
  writeChecked(disk, file, state);
}

/** Makes the marks durable, beside the position. Fails as the disk does. */
export function writeUplinkMarks(disk: Disk, file: PositionFile, marks: UplinkMarks): void {
  writeChecked(disk, marksFile(file), marks);
}

/** The marks last made durable, of this journal; none without them. Fails with `journal-damaged`. */
export function readUplinkMarks(disk: Disk, file: PositionFile, journalId: string): readonly UplinkMark[] {
  const found = readChecked<UplinkMarks>(disk, marksFile(file));
  return found?.journalId === journalId ? found.marks : [];
}

function marksFile({ folder, name }: PositionFile): PositionFile {
  return { folder, name: `${name}.marks` };
}

function writeChecked(disk: Disk, { folder, name }: PositionFile, state: object): void {
  const text = JSON.stringify(state);
  const bytes = new TextEncoder().encode(JSON.stringify({ version: VERSION, checksum: crc32(text), state }));
  if (!disk.stat(folder)) makeDurableFolder(disk, folder);
  replaceFile(disk, folder, name, (file) => writeAll(file, bytes, 0));
}

/** The state last made durable; undefined without one. Fails with `journal-damaged`. */
export function readUplinkState(disk: Disk, file: PositionFile): UplinkState | undefined {
  return readChecked<UplinkState>(disk, file);
}

function readChecked<T>(disk: Disk, { folder, name }: PositionFile): T | undefined {
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

/** Whether a fault of the disk may pass: then the position stays where it is and is written later. */
export function isPassing(error: unknown): boolean {
  return error instanceof KernelError && error.advice === 'retry';
}

function damage(path: string, what: string, cause?: unknown): JournalError {
  return new JournalError(
    'journal-damaged',
    `Cannot go on from the position in ${path}: ${what}.`,
    { path },
    cause,
  );
}
