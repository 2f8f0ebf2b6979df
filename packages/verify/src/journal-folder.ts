import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Damage } from './damage.ts';
import { decodeSegment, type JournalRecord, type SegmentEnd } from './segment-decoder.ts';

/** What a journal's folder holds, beside its records. */
export interface JournalExtent {
  readonly journalId: string;
  readonly segments: number;
  /** First offset that is still held, and the offset after the last one. */
  readonly start: number;
  readonly end: number;
  readonly telemetryEnd: number;
  readonly tornBytes: number;
}

/** The files of a journal: on a real disk, or on a simulated one. */
export interface JournalFiles {
  list(): readonly string[];
  /** The bytes of a file, or undefined when it has been removed since. */
  read(name: string): Buffer | undefined;
}

/** The files of a folder. */
export function filesOfFolder(folder: string): JournalFiles {
  return {
    list: () => readdirSync(folder),
    read: (name) => {
      try {
        return readFileSync(join(folder, name));
      } catch (cause) {
        if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
        throw cause;
      }
    },
  };
}

/**
 * Reads every record of a journal in order. Damage goes to `onDamage` with the file's name; what can still be read
 * behind it is read. Undefined when there is no segment.
 */
export function readJournal(
  files: JournalFiles,
  onRecord: (record: JournalRecord) => void,
  onDamage: (message: string) => unknown,
): JournalExtent | undefined {
  const names = files
    .list()
    .filter((name) => /^\d{20}\.seg$/.test(name))
    .sort();
  let extent: JournalExtent | undefined;
  let before: SegmentEnd | undefined;
  for (const [index, name] of names.entries()) {
    const bytes = files.read(name);
    if (!bytes) continue; // trimmed since
    const isNewest = index === names.length - 1;
    if (isNewest && isUnborn(bytes)) continue;
    try {
      const segment = decodeSegment(bytes, onRecord);
      checkNeighbours(segment, before, Number(name.slice(0, 20)), isNewest);
      before = segment;
      extent = {
        journalId: segment.journalId,
        segments: (extent?.segments ?? 0) + 1,
        start: extent?.start ?? segment.firstOffset,
        end: segment.end,
        telemetryEnd: segment.telemetryEnd,
        tornBytes: segment.tornBytes,
      };
    } catch (fault) {
      if (!(fault instanceof Damage)) throw fault;
      onDamage(`journal ${name}: ${fault.message}`);
      before = undefined;
    }
  }
  return extent;
}

/** A segment that a crash left before its header was whole; no record was ever acknowledged in it. */
function isUnborn(bytes: Buffer): boolean {
  return bytes.byteLength < 512 || bytes.subarray(0, 512).every((byte) => byte === 0);
}

function checkNeighbours(
  segment: SegmentEnd,
  before: SegmentEnd | undefined,
  named: number,
  isNewest: boolean,
): void {
  if (segment.firstOffset !== named)
    throw new Damage(`its header says that it begins at ${segment.firstOffset}`);
  if (!isNewest && segment.tornBytes > 0)
    throw new Damage(`it has ${segment.tornBytes} bytes behind its last batch and is not the newest`);
  if (!before) return;
  if (segment.journalId !== before.journalId)
    throw new Damage('it is of another journal than the one before');
  if (segment.firstOffset !== before.end)
    throw new Damage(`it begins at ${segment.firstOffset}, the one before ends at ${before.end}`);
}
