import { type Disk, type DiskFile, KernelError, type Logger, type Random } from '@skerry/kernel';
import { ConsumerBook } from '../consumer-book.ts';
import type { Offset } from '../journal.ts';
import { readProjectTable } from '../project-table.ts';
import { ReceivedTotals } from '../received-totals.ts';
import { type ConsumersState, readConsumers } from './consumers-file.ts';
import { damage, foreign } from './damage.ts';
import { FileWindow } from './file-window.ts';
import { createJournalId, hasJournalId, hexOf, readJournalId } from './journal-id.ts';
import { BATCH_HEADER_BYTES, encodeSegmentHeader, isEqual, SEGMENT_NAME, segmentName } from './layout.ts';
import {
  batchAt,
  holdsBatch,
  placeBehind,
  proofBehind,
  readSegmentHeader,
  type ScanPlace,
} from './segment-scan.ts';
import { makeDurableFolder, opened, replaceFile, UNFINISHED, writeAll } from './whole-file.ts';

const WINDOW_BYTES = 2 ** 20;

/** A segment as the log keeps it in mind. */
export interface SegmentEntry {
  readonly firstOffset: Offset;
  readonly createdMicros: number;
  bytes: number;
  /** False when it is known to hold no retained message. */
  mayHoldRetained: boolean;
}

/** What recovery found and made durable. */
export interface RecoveredJournal {
  readonly id: Uint8Array;
  /** Oldest first, never empty. */
  readonly segments: SegmentEntry[];
  /** Behind the last batch of the newest segment. */
  readonly place: ScanPlace;
  readonly lastAppendedMicros: number;
  /** Records per project before the oldest segment, and below the end. */
  readonly before: ReceivedTotals;
  readonly totals: ReceivedTotals;
  readonly consumers: ConsumerBook;
  /** Bytes that were cut off as the torn end of the last write. */
  readonly tornBytes: number;
  /** Bytes of the newest segment's header. */
  readonly headBytes: number;
}

/** What recovery works with. */
export interface RecoveryNeeds {
  readonly disk: Disk;
  readonly random: Pick<Random, 'bytes'>;
  readonly logger: Logger;
}

/** How recovery treats the folder. */
export interface RecoveryMode {
  /** Nothing is written; the last write counts only as far as it is known to have become durable. */
  readonly isReadOnly: boolean;
  /** Offset below which the journal is known from elsewhere to have been durable. */
  readonly durableEnd: Offset;
}

/**
 * Finds the journal in a folder, or makes a new one. Every record that it accepts is durable when it returns: the newest
 * segment is written anew, since what can be read of it may be in the page cache only, even after a sync that a former
 * process was refused. Fails with `journal-damaged` and `journal-foreign`, naming file and byte.
 */
export function recoverJournal(
  folder: string,
  nowMicros: number,
  mode: RecoveryMode,
  needs: RecoveryNeeds,
): RecoveredJournal {
  const { disk } = needs;
  if (!mode.isReadOnly) tidyFolder(disk, folder);
  const names = disk.list(folder).filter((name) => SEGMENT_NAME.test(name));
  const isNew = names.length === 0 && !mode.isReadOnly && !hasJournalId(disk, folder);
  const id = isNew ? createJournalId(disk, folder, needs.random) : readJournalId(disk, folder);
  dropUnborn(folder, names, id, mode, needs);
  if (names.length === 0) {
    if (mode.isReadOnly) throw damage(folder, 0, 'there is no segment');
    names.push(segmentName(0));
    createFirstSegment(disk, folder, id, nowMicros);
  }
  const buffer = new Uint8Array(WINDOW_BYTES);
  const heads = names.map((name) => readHead(disk, folder, name, id, buffer));
  const [first] = heads;
  const newest = heads.at(-1);
  if (!first || !newest) throw damage(folder, 0, 'there is no segment');
  const state = readConsumers(disk, folder);
  const end = scanNewest(newest, knownEnd(state, mode), mode, needs, buffer);
  return {
    id,
    segments: heads.map(({ header, size }, i) => {
      const isNewest = i === heads.length - 1;
      return {
        firstOffset: header.firstOffset,
        createdMicros: header.createdMicros,
        bytes: isNewest ? end.place.at : size,
        mayHoldRetained: !isNewest || end.hasRetained,
      };
    }),
    headBytes: newest.headBytes,
    before: new ReceivedTotals(first.header.totals),
    consumers: recoverConsumers(folder, state, first.header.firstOffset, end.place.offset),
    ...end,
  };
}

/** Removes what a crash left of files that had not got their names yet. */
function tidyFolder(disk: Disk, folder: string): void {
  makeDurableFolder(disk, folder);
  for (const name of disk.list(folder)) if (name.endsWith(UNFINISHED)) disk.remove(`${folder}/${name}`);
}

/** Offset below which the journal has certainly been durable. */
function knownEnd(state: ConsumersState | undefined, mode: RecoveryMode): Offset {
  const positions = state?.consumers.map((one) => one.position) ?? [];
  return Math.max(mode.durableEnd, state?.end ?? 0, ...positions);
}

type Head = ReturnType<typeof readHead>;

function readHead(disk: Disk, folder: string, name: string, id: Uint8Array, buffer: Uint8Array<ArrayBuffer>) {
  const path = `${folder}/${name}`;
  using file = opened(disk, path, 'read');
  const found = readSegmentHeader(new FileWindow(file.handle, buffer));
  if (!found) throw damage(path, 0, 'there is no valid segment header');
  const { header, bytes } = found;
  if (!isEqual(header.id, id)) throw foreign(path, hexOf(header.id), hexOf(id));
  if (segmentName(header.firstOffset) !== name)
    throw damage(path, 32, `the first offset is ${header.firstOffset}, unlike the name`);
  return { path, folder, name, id, header, headBytes: bytes, size: file.handle.size() };
}

/** Walks the newest segment to its end and writes what is valid anew. */
function scanNewest(
  head: Head,
  durableEnd: Offset,
  mode: RecoveryMode,
  needs: RecoveryNeeds,
  buffer: Uint8Array<ArrayBuffer>,
) {
  const { path, id } = head;
  using file = opened(needs.disk, path, 'read');
  const window = new FileWindow(file.handle, buffer);
  const found = walk(head, window, mode.isReadOnly ? durableEnd : Number.POSITIVE_INFINITY);
  const { place } = found;
  const tornBytes = file.handle.size() - place.at;
  if (mode.isReadOnly) return { ...found, tornBytes };
  const proof = proofBehind(window, place, id);
  if (proof !== undefined)
    throw damage(path, place.at, `there is no valid batch, but a later one stands at byte ${proof}`);
  if (place.offset < durableEnd)
    throw damage(path, place.at, `the journal ends at ${place.offset}, but it once ended at ${durableEnd}`);
  if (tornBytes > 0)
    needs.logger.log('warn', 'Torn end of the journal cut.', { path, at: place.at, tornBytes });
  rewrite(head, file.handle, place.at, needs, buffer);
  return { ...found, tornBytes };
}

/**
 * The whole, valid batches of the newest segment. The last write is left out when it reaches above `unproved`: those
 * before it are durable, since a write begins only when the one before has been synced, but of itself nothing is known.
 */
function walk({ path, header, headBytes, id }: Head, window: FileWindow, unproved: Offset) {
  let isLeftOut = false;
  for (;;) {
    const totals = new ReceivedTotals(header.totals);
    let lastAppendedMicros = header.createdMicros;
    let hasRetained = false;
    let commitStart = header.firstOffset;
    let place: ScanPlace = {
      at: headBytes,
      offset: header.firstOffset,
      telemetryBefore: header.telemetryBefore,
      chain: header.chain,
    };
    for (;;) {
      const batch = isLeftOut && place.offset >= unproved ? undefined : batchAt(window, place.at, id);
      if (!batch) break;
      const table = new Uint8Array(batch.bodyBytes - batch.tableStart);
      window.copy(place.at + BATCH_HEADER_BYTES + batch.tableStart, table);
      totals.add(readProjectTable(table, 0));
      lastAppendedMicros = batch.appendedMicros;
      hasRetained ||= batch.hasRetained;
      commitStart = batch.firstOffset - batch.commitBefore;
      place = placeBehind(path, place, batch);
    }
    if (isLeftOut || place.offset <= unproved) return { place, totals, lastAppendedMicros, hasRetained };
    isLeftOut = true;
    unproved = Math.max(unproved, commitStart);
  }
}

/**
 * Copies the valid part of the newest segment to a new file that takes its name. Where the disk has no room for that,
 * the same bytes are written over themselves, which makes every page dirty again, and synced.
 */
function rewrite(head: Head, from: DiskFile, length: number, needs: RecoveryNeeds, buffer: Uint8Array): void {
  const { disk, logger } = needs;
  const copyTo = (file: DiskFile): void => {
    for (let at = 0; at < length; ) {
      const count = from.read(buffer.subarray(0, Math.min(buffer.byteLength, length - at)), at);
      if (count === 0) throw damage(head.path, at, 'the file has become shorter');
      writeAll(file, buffer.subarray(0, count), at);
      at += count;
    }
  };
  try {
    replaceFile(disk, head.folder, head.name, copyTo);
  } catch (error) {
    if (!(error instanceof KernelError) || error.code !== 'disk-full') throw error;
    logger.log('warn', 'No room for a copy of the newest segment; it is written over.', { path: head.path });
    using file = opened(disk, head.path, 'write');
    file.handle.truncate(length);
    copyTo(file.handle);
    file.handle.sync();
    disk.syncFolder(head.folder);
  }
}

/** Removes a newest segment that a crash left before its header was whole; no record was ever acknowledged in it. */
function dropUnborn(
  folder: string,
  names: string[],
  id: Uint8Array,
  mode: RecoveryMode,
  { disk, logger }: RecoveryNeeds,
): void {
  const name = names.at(-1);
  if (name === undefined) return;
  const path = `${folder}/${name}`;
  {
    using file = opened(disk, path, 'read');
    const window = new FileWindow(file.handle, new Uint8Array(WINDOW_BYTES));
    if (readSegmentHeader(window)) return;
    if (holdsBatch(window, id)) throw damage(path, 0, 'there is no valid segment header, but batches follow');
    if (names.length === 1 && name !== segmentName(0))
      throw damage(path, 0, 'there is no valid segment header, and no segment before');
  }
  if (mode.isReadOnly) {
    names.pop();
    return;
  }
  logger.log('warn', 'Segment without a header removed.', { path });
  disk.remove(path);
  disk.syncFolder(folder);
  names.pop();
}

function createFirstSegment(disk: Disk, folder: string, id: Uint8Array, createdMicros: number): void {
  const head = { id, firstOffset: 0, telemetryBefore: 0, createdMicros, chain: 0, totals: [] };
  replaceFile(disk, folder, segmentName(0), (file) => writeAll(file, encodeSegmentHeader(head), 0));
}

function recoverConsumers(
  folder: string,
  state: ConsumersState | undefined,
  start: Offset,
  end: Offset,
): ConsumerBook {
  const path = `${folder}/consumers.json`;
  if (!state) return new ConsumerBook();
  if (state.end > end) throw damage(path, 0, `the journal once ended at ${state.end}, now it ends at ${end}`);
  const behind = state.consumers.find((one) => one.isMandatory && one.position < start);
  if (behind)
    throw damage(
      path,
      0,
      `the consumer ${behind.name} is at ${behind.position}, but the journal begins at ${start}`,
    );
  return new ConsumerBook(state.consumers);
}
