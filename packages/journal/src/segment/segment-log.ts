import {
  type Clock,
  type Counter,
  type Disk,
  type DiskFile,
  type FailpointHook,
  type Histogram,
  LIMITS as KERNEL_LIMITS,
  KernelError,
  type Logger,
  type Meter,
} from '@skerry/kernel';
import type { CountedBatch } from '../append-queue.ts';
import { JournalError } from '../errors.ts';
import type { AppendResult, Offset, ReceivedCount, StoredBatch } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import type { ReceivedTotals } from '../received-totals.ts';
import type { DurableGroup } from '../served-journal.ts';
import { BATCH_HEADER_BYTES, encodeBatchHeader, encodeSegmentHeader, segmentName } from './layout.ts';
import type { RecoveredJournal, SegmentEntry } from './recovery.ts';
import type { Room, RoomSizes } from './room.ts';
import type { ScanPlace } from './segment-scan.ts';

const PIECE_BYTES = 2 ** 20;
const SYNC_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** What the log works with. */
export interface LogNeeds {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly failpoint: FailpointHook;
}

/** A batch with the header it gets. */
interface PlacedBatch {
  readonly header: Uint8Array;
  readonly body: Uint8Array;
}

/** A group as it is written: the parts and the place behind them. */
interface PlacedGroup {
  readonly parts: readonly PlacedBatch[];
  readonly bytes: number;
  readonly batches: readonly StoredBatch[];
  readonly place: ScanPlace;
}

/**
 * The writing end of the segment files. A group of batches is one sync; what a full disk takes of it only in part is
 * undone before anything else happens. A refused sync or any other fault of the disk is the end: nothing is tried again.
 */
export class SegmentLog {
  readonly segments: SegmentEntry[];
  readonly totals: ReceivedTotals;
  readonly #folder: string;
  readonly #id: Uint8Array;
  readonly #sizes: RoomSizes;
  readonly #segmentAgeMicros: number;
  readonly #room: Room;
  readonly #needs: LogNeeds;
  readonly #meters: LogMeters;
  readonly #piece = new Uint8Array(PIECE_BYTES);
  #file: DiskFile;
  #place: ScanPlace;
  #headBytes: number;
  #lastMicros: number;
  #usedBytes: number;
  #fault: JournalError | undefined;

  constructor(
    folder: string,
    recovered: RecoveredJournal,
    room: Room,
    options: { readonly sizes: RoomSizes; readonly segmentAgeMicros: number; readonly isReadOnly: boolean },
    needs: LogNeeds,
  ) {
    this.#folder = folder;
    this.#id = recovered.id;
    this.#sizes = options.sizes;
    this.#segmentAgeMicros = options.segmentAgeMicros;
    this.#room = room;
    this.#needs = needs;
    this.#meters = metersOf(needs.meter);
    this.segments = recovered.segments;
    this.totals = recovered.totals;
    this.#place = recovered.place;
    this.#headBytes = recovered.headBytes;
    this.#lastMicros = recovered.lastAppendedMicros;
    this.#usedBytes = recovered.segments.reduce((sum, one) => sum + one.bytes, 0);
    const path = `${folder}/${segmentName(this.#newest.firstOffset)}`;
    this.#file = needs.disk.open(path, options.isReadOnly ? 'read' : 'write');
    this.#showSizes();
  }

  /** Offset after the last durable record. */
  get end(): Offset {
    return this.#place.offset;
  }

  /** Telemetry records below `end`. */
  get telemetryEnd(): number {
    return this.#place.telemetryBefore;
  }

  /** Bytes of all segments. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** The log's own time: when the last batch was appended, microseconds since 1970. */
  get lastMicros(): number {
    return this.#lastMicros;
  }

  /** True when the disk has failed and nothing more is written. */
  get hasFailed(): boolean {
    return this.#fault !== undefined;
  }

  /** Makes a group durable, all or nothing. Fails with `journal-full` (nothing was kept) and `journal-failed`. */
  commit(group: readonly CountedBatch[]): DurableGroup & { readonly results: readonly AppendResult[] } {
    if (this.#fault) throw this.#fault;
    const bytes = group.reduce((sum, { batch }) => sum + BATCH_HEADER_BYTES + batch.bytes.byteLength, 0);
    if (!this.#room.admits(this.#usedBytes, bytes)) throw this.#full(this.#room.shortOf(this.#usedBytes));
    const placed = this.#guarded(() => {
      const done = this.#attempt(group, bytes);
      return done ?? (this.#room.throwOff() ? this.#attempt(group, bytes) : undefined);
    });
    if (!placed) throw this.#full('disk');
    this.#meters.isFull.set(0);
    const received: ReceivedCount[] = [];
    for (const { counts } of group) received.push(...this.totals.add(counts));
    const results = placed.batches.map(({ firstOffset, count }) => ({
      firstOffset,
      end: firstOffset + count,
    }));
    return { batches: placed.batches, received, results };
  }

  /** Forgets the oldest segment, whose file the caller has removed. */
  dropOldest(): void {
    const oldest = this.segments.shift();
    this.#usedBytes -= oldest?.bytes ?? 0;
    this.#showSizes();
  }

  /** Does something with the disk; whatever goes wrong ends the journal. */
  guarded<T>(act: () => T): T {
    if (this.#fault) throw this.#fault;
    return this.#guarded(act);
  }

  close(): void {
    this.#file.close();
  }

  get #newest(): SegmentEntry {
    const newest = this.segments.at(-1);
    if (!newest) throw new RangeError('A journal has at least one segment.');
    return newest;
  }

  /** Writes and syncs; undefined when the disk was full and everything is as before. */
  #attempt(group: readonly CountedBatch[], bytes: number): PlacedGroup | undefined {
    const { failpoint, clock } = this.#needs;
    const micros = this.#timeNow();
    if (this.#mustRoll(bytes, micros) && !this.#roll(micros)) return undefined;
    const placed = this.#placeGroup(group, micros);
    failpoint('journal-before-write');
    if (!this.#write(placed)) return undefined;
    failpoint('journal-after-write');
    const begun = clock.monotonicMs();
    this.#file.sync();
    this.#meters.syncSeconds.observe((clock.monotonicMs() - begun) / 1000);
    failpoint('journal-after-sync');
    const newest = this.#newest;
    newest.bytes += placed.bytes;
    newest.mayHoldRetained ||= group.some(({ batch }) => batch.hasRetained);
    this.#usedBytes += placed.bytes;
    this.#meters.records.add(placed.place.offset - this.#place.offset);
    this.#meters.bytes.add(placed.bytes);
    this.#place = placed.place;
    this.#lastMicros = micros;
    this.#showSizes();
    return placed;
  }

  /** Small steps of the clock backwards are held up, large ones are a corrected clock and followed. */
  #timeNow(): number {
    const now = this.#needs.clock.nowMicros();
    const behind = this.#lastMicros - now;
    return behind > 0 && behind <= KERNEL_LIMITS.clockDriftMsMax.value * 1000 ? this.#lastMicros : now;
  }

  #mustRoll(bytes: number, micros: number): boolean {
    if (this.#place.at === this.#headBytes) return false;
    if (this.#place.at + bytes > this.#sizes.segmentBytes) return true;
    return micros - this.#newest.createdMicros > this.#segmentAgeMicros;
  }

  /** Begins another segment, whole and durable by contents and name; false when the disk was full and nothing changed. */
  #roll(createdMicros: number): boolean {
    const { disk, failpoint } = this.#needs;
    const { offset: firstOffset, telemetryBefore, chain } = this.#place;
    const totals = this.totals.rows();
    const head = encodeSegmentHeader({
      id: this.#id,
      firstOffset,
      telemetryBefore,
      createdMicros,
      chain,
      totals,
    });
    const path = `${this.#folder}/${segmentName(firstOffset)}`;
    const file = unlessFull(() => disk.open(path, 'create'));
    if (!file || !isWhole(file, head, 0)) {
      file?.close();
      // a removal that a crash undoes leaves a file without a whole header, which recovery removes
      if (file) disk.remove(path);
      return false;
    }
    failpoint('segment-roll-before-sync');
    file.sync();
    disk.syncFolder(this.#folder);
    failpoint('segment-roll-after-sync');
    this.#file.close();
    this.#file = file;
    this.#headBytes = head.byteLength;
    this.#place = { at: head.byteLength, offset: firstOffset, telemetryBefore, chain };
    this.segments.push({ firstOffset, createdMicros, bytes: head.byteLength, mayHoldRetained: false });
    this.#usedBytes += head.byteLength;
    return true;
  }

  #placeGroup(group: readonly CountedBatch[], appendedMicros: number): PlacedGroup {
    const parts: PlacedBatch[] = [];
    const batches: StoredBatch[] = [];
    let { at, offset, telemetryBefore, chain } = this.#place;
    const start = offset;
    for (const { batch } of group) {
      const header = new Uint8Array(BATCH_HEADER_BYTES);
      const place = {
        firstOffset: offset,
        telemetryBefore,
        appendedMicros,
        commitBefore: offset - start,
        chain,
      };
      chain = encodeBatchHeader(header, batch, { ...place, id: this.#id });
      const { bytes: body, count, telemetryCount } = batch;
      parts.push({ header, body });
      batches.push({ firstOffset: offset, count, telemetryBefore, telemetryCount, appendedMicros, body });
      at += BATCH_HEADER_BYTES + body.byteLength;
      offset += count;
      telemetryBefore += telemetryCount;
    }
    const bytes = at - this.#place.at;
    return { parts, bytes, batches, place: { at, offset, telemetryBefore, chain } };
  }

  /** Writes a group in as few writes as its size allows; false when the disk was full and all of it is undone, durably. */
  #write({ parts }: PlacedGroup): boolean {
    let { at } = this.#place;
    let filled = 0;
    const flush = (): boolean => {
      const isDone = isWhole(this.#file, this.#piece.subarray(0, filled), at);
      at += filled;
      filled = 0;
      return isDone;
    };
    const put = (bytes: Uint8Array): boolean => {
      for (let done = 0; done < bytes.byteLength; ) {
        const count = Math.min(PIECE_BYTES - filled, bytes.byteLength - done);
        this.#piece.set(bytes.subarray(done, done + count), filled);
        filled += count;
        done += count;
        if (filled === PIECE_BYTES && !flush()) return false;
      }
      return true;
    };
    if (parts.every(({ header, body }) => put(header) && put(body)) && flush()) return true;
    this.#file.truncate(this.#place.at);
    this.#file.sync();
    return false;
  }

  #guarded<T>(act: () => T): T {
    try {
      return act();
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#fault = new JournalError('journal-failed', `Cannot go on with the journal: ${reason}`, {}, cause);
      this.#needs.logger.log('error', 'The journal has failed.', { reason });
      throw this.#fault;
    }
  }

  #full(what: 'disk' | 'journal'): JournalError {
    this.#meters.isFull.set(1);
    const most = Math.floor((this.#room.capacity(this.#usedBytes) * LIMITS.fullPercent.value) / 100);
    return new JournalError(
      'journal-full',
      `Cannot append: the journal has ${this.#usedBytes} bytes of ${most} that it may have.`,
      { full: what, usedBytes: this.#usedBytes },
    );
  }

  #showSizes(): void {
    this.#meters.size.set(this.#usedBytes);
    this.#meters.segments.set(this.segments.length);
  }
}

/** Writes all bytes; false when the disk took only a part of them or none. */
function isWhole(file: DiskFile, bytes: Uint8Array, at: number): boolean {
  for (let done = 0; done < bytes.byteLength; ) {
    const rest = done === 0 ? bytes : bytes.subarray(done);
    const place = at + done;
    const taken = unlessFull(() => file.write(rest, place)) ?? 0;
    if (taken === 0) return false;
    done += taken;
  }
  return true;
}

function unlessFull<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof KernelError && error.code === 'disk-full') return undefined;
    throw error;
  }
}

interface LogMeters {
  readonly size: { set(value: number): void };
  readonly segments: { set(value: number): void };
  readonly isFull: { set(value: number): void };
  readonly records: Counter;
  readonly bytes: Counter;
  readonly syncSeconds: Histogram;
}

function metersOf(meter: Meter): LogMeters {
  return {
    size: meter.gauge('iot_journal_size_bytes', 'Bytes of the journal on disk.'),
    segments: meter.gauge('iot_journal_segments', 'Segment files of the journal.'),
    isFull: meter.gauge('iot_journal_full', '1 while the journal takes nothing because it is full.'),
    records: meter.counter('iot_journal_records_total', 'Records made durable in the journal.'),
    bytes: meter.counter('iot_journal_written_bytes_total', 'Bytes written to the journal.'),
    syncSeconds: meter.histogram(
      'iot_journal_sync_seconds',
      'Time a sync of the journal takes.',
      SYNC_SECONDS,
    ),
  };
}
