import { type Disk, KernelError } from '@skerry/kernel';
import type { Offset } from '../journal.ts';
import { type CheckedFile, readChecked, writeChecked } from './checked-file.ts';
import type { Acknowledged, UplinkMark } from './uplink-memory.ts';

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
export type PositionFile = CheckedFile;

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

/** The state last made durable; undefined without one. Fails with `journal-damaged`. */
export function readUplinkState(disk: Disk, file: PositionFile): UplinkState | undefined {
  return readChecked<UplinkState>(disk, file);
}

/** Whether a fault of the disk may pass: then the position stays where it is and is written later. */
export function isPassing(error: unknown): boolean {
  return error instanceof KernelError && error.advice === 'retry';
}
