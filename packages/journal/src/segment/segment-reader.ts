import { crc32 } from 'node:zlib';
import { type Disk, KernelError } from '@skerry/kernel';
import { JournalError } from '../errors.ts';
import type { Offset, ReceivedCount, StoredBatch } from '../journal.ts';
import { ReceivedTotals } from '../received-totals.ts';
import type { BatchReader } from '../served-journal.ts';
import { damage, foreign } from './damage.ts';
import { FileWindow } from './file-window.ts';
import { hexOf, readJournalId } from './journal-id.ts';
import {
  BATCH_HEADER_BYTES,
  type BatchHeader,
  decodeBatchHeader,
  isEqual,
  SEGMENT_NAME,
  segmentName,
} from './layout.ts';
import { placeBehind, readSegmentHeader, type ScanPlace } from './segment-scan.ts';
import { opened } from './whole-file.ts';

const WINDOW_BYTES = 256 * 1024;
/** A walk by headers alone reads this much around each, since bodies stand between them. */
const HEADER_WINDOW_BYTES = 4 * 1024;

/** What a reader works with. */
export interface ReaderNeeds {
  readonly disk: Disk;
}

/**
 * Reads a journal in a folder that another thread of this process writes. It never reads above the end it is told, checks
 * every checksum, the chain and the numbering of what it hands out, and keeps the segment it reads open until `close`.
 * Its faults: `offset-trimmed`, `journal-damaged` and `journal-foreign`, naming file and byte.
 */
export class SegmentReader implements BatchReader, Disposable {
  readonly #disk: Disk;
  readonly #folder: string;
  #id: Uint8Array | undefined;
  #segment: OpenSegment | undefined;
  #knownEnd: Offset = 0;

  constructor(folder: string, needs: ReaderNeeds) {
    this.#folder = folder;
    this.#disk = needs.disk;
  }

  async read(from: Offset, bytesMax: number, end: Offset): Promise<StoredBatch[]> {
    return this.readNow(from, bytesMax, end);
  }

  /** As `read`, at once. */
  readNow(from: Offset, bytesMax: number, end: Offset): StoredBatch[] {
    const batches: StoredBatch[] = [];
    for (let bytes = 0, at = from; at < end; ) {
      const segment = this.#segmentAt(at, end);
      const batch = segment.batchOf(at, end, bytes === 0 ? Number.POSITIVE_INFINITY : bytesMax - bytes);
      if (batch === 'too-large') break;
      if (!batch) continue;
      batches.push(batch);
      bytes += batch.body.byteLength;
      at = batch.firstOffset + batch.count;
    }
    return batches;
  }

  /**
   * The batches below `end` from the one that holds `from` on which hold retained messages, in order. They are found by
   * batch headers alone; the bodies of those found are checked.
   */
  async *readRetained(from: Offset, end: Offset): AsyncIterable<StoredBatch> {
    for (let at = from; at < end; ) {
      const found = this.#segmentAt(at, end, HEADER_WINDOW_BYTES).retainedFrom(at, end);
      if (typeof found === 'number') at = found;
      else {
        at = found.firstOffset + found.count;
        yield found;
      }
    }
  }

  /** Records per project below the segment that begins at `offset`. */
  totalsBefore(offset: Offset): ReceivedTotals {
    this.close();
    return new ReceivedTotals(this.#open(segmentName(offset), HEADER_WINDOW_BYTES).totals);
  }

  /** Closes the file that is open. Reading again opens it anew. */
  close(): void {
    this.#segment?.close();
    this.#segment = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** The open segment, placed at a batch that begins at or below `offset`, or the one that goes on behind it. */
  #segmentAt(offset: Offset, end: Offset, windowBytes = WINDOW_BYTES): OpenSegment {
    const current = this.#segment;
    if (current && end !== this.#knownEnd) current.forget();
    this.#knownEnd = end;
    if (!current || current.windowBytes !== windowBytes) return this.#find(offset, windowBytes);
    if (current.isFinished && current.place.offset === offset) return this.#follow(current);
    if (current.place.offset <= offset && !current.isFinished) return current;
    if (current.firstOffset <= offset && offset < current.place.offset) {
      current.rewind();
      return current;
    }
    return this.#find(offset, windowBytes);
  }

  /** Opens the segment that should hold `offset`. */
  #find(offset: Offset, windowBytes: number): OpenSegment {
    const before = this.#segment;
    const names = this.#names();
    const name = names.findLast((one) => offsetOf(one) <= offset);
    if (name === undefined) throw trimmed(offset, names);
    if (before?.isFinished && before.path === `${this.#folder}/${name}`) throw endsEarly(before);
    return this.#open(name, windowBytes);
  }

  /** The segment that goes on where `before` ends. */
  #follow(before: OpenSegment): OpenSegment {
    const { place } = before;
    const name = segmentName(place.offset);
    const names = this.#names();
    if (!names.includes(name)) {
      if (offsetOf(String(names[0])) > place.offset) throw trimmed(place.offset, names);
      throw endsEarly(before);
    }
    const next = this.#open(name, before.windowBytes);
    if (next.place.chain !== place.chain)
      throw damage(next.path, 56, 'the chain of checksums does not go on from the segment before');
    const found = next.place.telemetryBefore;
    if (found !== place.telemetryBefore)
      throw damage(
        next.path,
        40,
        `${found} telemetry records are counted before it, not ${place.telemetryBefore}`,
      );
    return next;
  }

  #names(): string[] {
    return this.#disk.list(this.#folder).filter((name) => SEGMENT_NAME.test(name));
  }

  #open(name: string, windowBytes: number): OpenSegment {
    this.close();
    this.#id ??= readJournalId(this.#disk, this.#folder);
    try {
      this.#segment = new OpenSegment(this.#disk, `${this.#folder}/${name}`, name, this.#id, windowBytes);
    } catch (error) {
      const isGone = error instanceof KernelError && error.code === 'not-found';
      throw isGone ? trimmed(offsetOf(name), this.#names()) : error;
    }
    return this.#segment;
  }
}

/** Opens a reader on a journal's folder; the files are opened as they are read. */
export function openSegmentReader(folder: string, needs: ReaderNeeds): SegmentReader {
  return new SegmentReader(folder, needs);
}

class OpenSegment {
  readonly path: string;
  readonly windowBytes: number;
  readonly firstOffset: Offset;
  readonly #id: Uint8Array;
  readonly #file: ReturnType<typeof opened>;
  readonly #window: FileWindow;
  readonly #first: ScanPlace;
  readonly totals: readonly ReceivedCount[];
  place: ScanPlace;
  /** True when no batch follows at `place` in this file. */
  isFinished = false;

  constructor(disk: Disk, path: string, name: string, id: Uint8Array, windowBytes: number) {
    this.path = path;
    this.windowBytes = windowBytes;
    this.#id = id;
    this.#file = opened(disk, path, 'read');
    try {
      this.#window = new FileWindow(this.#file.handle, new Uint8Array(windowBytes));
      const head = readSegmentHeader(this.#window);
      if (!head) throw damage(path, 0, 'there is no valid segment header');
      const { header, bytes } = head;
      if (!isEqual(header.id, id)) throw foreign(path, hexOf(header.id), hexOf(id));
      const { firstOffset, telemetryBefore, chain } = header;
      if (segmentName(firstOffset) !== name)
        throw damage(path, 32, `the first offset is ${firstOffset}, unlike the name`);
      this.firstOffset = firstOffset;
      this.totals = header.totals;
      this.#first = { at: bytes, offset: firstOffset, telemetryBefore, chain };
      this.place = this.#first;
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The batch that holds `offset`, passing over those before it; undefined when the segment ends first. */
  batchOf(offset: Offset, end: Offset, bytesMax: number): StoredBatch | 'too-large' | undefined {
    for (;;) {
      const header = this.#headerHere(end);
      if (!header) return undefined;
      const next = placeBehind(this.path, this.place, header);
      if (next.offset > offset) {
        if (header.bodyBytes > bytesMax) return 'too-large';
        const batch = this.#load(header);
        this.place = next;
        return batch;
      }
      this.place = next;
    }
  }

  /** The first batch with the retained flag that reaches above `offset`, or the offset at which the segment ends. */
  retainedFrom(offset: Offset, end: Offset): StoredBatch | Offset {
    for (;;) {
      if (this.place.offset >= end) return end;
      const header = this.#headerHere(end);
      if (!header) return this.place.offset;
      const next = placeBehind(this.path, this.place, header);
      const batch = header.hasRetained && next.offset > offset ? this.#load(header) : undefined;
      this.place = next;
      if (batch) return batch;
    }
  }

  rewind(): void {
    this.place = this.#first;
    this.isFinished = false;
  }

  forget(): void {
    this.#window.forget();
  }

  close(): void {
    this.#file[Symbol.dispose]();
  }

  /** The header at `place`; undefined at the end of the file, which another segment goes on from. */
  #headerHere(end: Offset): BatchHeader | undefined {
    const { at, offset } = this.place;
    const bytes = this.#window.view(at, BATCH_HEADER_BYTES);
    const header = bytes && decodeBatchHeader(bytes, this.#id);
    if (header && header.firstOffset + header.count <= end) return header;
    const size = this.#file.handle.size();
    if (!header && size === at && offset > this.firstOffset) {
      this.isFinished = true;
      return undefined;
    }
    if (header) throw damage(this.path, at, `a batch reaches above the end ${end}`);
    throw damage(this.path, at, `there is no valid batch, though the journal reaches to ${end}`);
  }

  #load(header: BatchHeader): StoredBatch {
    const { firstOffset, count, telemetryBefore, telemetryCount, appendedMicros } = header;
    const at = this.place.at + BATCH_HEADER_BYTES;
    const body = new Uint8Array(header.bodyBytes);
    if (!this.#window.copy(at, body)) throw damage(this.path, at, 'the batch ends early');
    if (crc32(body) !== header.bodyChecksum)
      throw damage(this.path, at, `the checksum of the batch at offset ${firstOffset} does not fit`);
    return { firstOffset, count, telemetryBefore, telemetryCount, appendedMicros, body };
  }
}

function offsetOf(name: string): Offset {
  return Number(name.slice(0, 20));
}

function trimmed(offset: Offset, names: readonly string[]): JournalError {
  const start = names[0] === undefined ? 'nowhere' : offsetOf(names[0]);
  return new JournalError('offset-trimmed', `Cannot read from ${offset}: the journal begins at ${start}.`, {
    offset,
  });
}

function endsEarly({ path, place }: OpenSegment): JournalError {
  return damage(path, place.at, `the segment ends at offset ${place.offset}, where no other begins`);
}
