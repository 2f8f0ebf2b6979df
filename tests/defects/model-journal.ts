import { crc32 } from 'node:zlib';
import { HEADER, type Offset, RECORD_KIND, type ReceivedCount, type StoredBatch } from '@skerry/journal';
import type { JournalFiles } from '@skerry/verify';

/** Journal id of every model. */
export const MODEL_ID = '0123456789abcdef0123456789abcdef';
/** Tenant and project of every record. */
export const OWNER = { tenant: 't', project: 'p' } as const;

/** One record to append. */
export interface ModelRecord {
  readonly topic: string;
  readonly payload: Buffer;
  readonly receivedMicros: number;
  /** MQTT 5 user properties. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** A batch on the disk. */
export interface DiskBatch {
  readonly batch: StoredBatch;
  /** Header and body as they lie in the file. */
  readonly bytes: Buffer;
  isSynced: boolean;
}

/** The disk below a model journal: batches that were written, synced or not, and where the oldest one begins. */
export class ModelDisk {
  batches: DiskBatch[] = [];
  /** Offset and chain of the first batch still held. */
  start = 0;
  startChain = 0;

  /** Makes durable what was written. A disk over a real file writes and syncs that too. */
  sync(): void {
    for (const one of this.batches) one.isSynced = true;
  }

  /** Takes a batch that was written. */
  write(one: DiskBatch): void {
    this.batches.push(one);
  }

  /** Power fails: what was not synced is gone. */
  cut(): void {
    this.batches = this.batches.filter(({ isSynced }) => isSynced);
  }

  /** The bytes as a segment of docs/formats/segment.md. */
  files(): JournalFiles {
    const head = Buffer.alloc(512);
    head.write('SKSEG001', 'latin1');
    head.writeUInt32LE(512, 8);
    head.write(MODEL_ID, 16, 'hex');
    head.writeUInt32LE(this.start, 32);
    head.writeUInt32LE(this.start, 40);
    head.writeUInt32LE(this.startChain, 56);
    head.writeUInt32LE(crc32(head), 60);
    const bytes = Buffer.concat([head, ...this.batches.map((one) => one.bytes)]);
    const name = `${String(this.start).padStart(20, '0')}.seg`;
    return { list: () => [name], read: (asked) => (asked === name ? bytes : undefined) };
  }
}

/** A journal over a model disk, from one start to the next crash. Group commit: one sync for all that waits. */
export class ModelJournal {
  readonly id = MODEL_ID;
  readonly disk: ModelDisk;
  end: number;
  telemetryEnd: number;
  /** While true nothing is synced, so nothing becomes durable. */
  isHeld = false;
  /** How many of the next appends find the journal full. */
  fullTimes = 0;
  readonly #waiters = new Set<() => void>();
  #isDead = false;

  /** `syncsRecovered` false leaves the recovered tail in the page cache: planted defect 9. */
  constructor(disk: ModelDisk, syncsRecovered = true) {
    this.disk = disk;
    if (syncsRecovered) disk.sync();
    const last = disk.batches.at(-1)?.batch;
    this.end = last ? last.firstOffset + last.count : disk.start;
    this.telemetryEnd = this.end;
  }

  get start(): number {
    return this.disk.start;
  }

  /** The process ends: nothing is promised any more. */
  kill(): void {
    this.#isDead = true;
  }

  received(): ReceivedCount[] {
    return [{ ...OWNER, received: this.telemetryEnd, receivedQos0: 0 }];
  }

  /** True when the records are durable; false when the journal was full and took nothing. Never resolves after a crash. */
  async append(records: readonly ModelRecord[]): Promise<boolean> {
    if (this.fullTimes > 0) {
      this.fullTimes -= 1;
      return false;
    }
    const { batches, start, startChain } = this.disk;
    const before = batches.at(-1);
    const firstOffset = before ? before.batch.firstOffset + before.batch.count : start;
    const chain = before ? before.bytes.readUInt32LE(72) : startChain;
    const body = bodyOf(records);
    const one: DiskBatch = {
      batch: {
        firstOffset,
        count: records.length,
        telemetryBefore: firstOffset,
        telemetryCount: records.length,
        appendedMicros: Number(records[0]?.receivedMicros),
        body: Uint8Array.from(body.bytes),
      },
      bytes: Buffer.concat([batchHeader(firstOffset, records.length, chain, body), body.bytes]),
      isSynced: false,
    };
    this.disk.write(one);
    await until(() => !this.isHeld || this.#isDead);
    if (this.#isDead) await new Promise(() => undefined);
    if (!one.isSynced) this.disk.sync();
    this.end = Math.max(this.end, firstOffset + records.length);
    this.telemetryEnd = this.end;
    for (const wake of this.#waiters) wake();
    return true;
  }

  async read(from: Offset): Promise<StoredBatch[]> {
    const found = this.disk.batches.map(({ batch }) => batch);
    return found
      .filter(({ firstOffset, count }) => firstOffset + count > from && firstOffset + count <= this.end)
      .slice(0, 4)
      .map((batch) => ({ ...batch, body: Uint8Array.from(batch.body) }));
  }

  async waitBeyond(offset: Offset, signal: AbortSignal): Promise<void> {
    while (this.end <= offset && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.#waiters.delete(wake);
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#waiters.add(wake);
        signal.addEventListener('abort', wake);
      });
    }
  }

  commit(): void {
    // trimming is asked for by name: trim
  }

  /** Gives up whole batches below a position. */
  trim(position: Offset): void {
    for (;;) {
      const first = this.disk.batches[0];
      if (!first || first.batch.firstOffset + first.batch.count > position) return;
      this.disk.batches.shift();
      this.disk.start = first.batch.firstOffset + first.batch.count;
      this.disk.startChain = first.bytes.readUInt32LE(72);
    }
  }
}

/** Resolves when `isTrue` is, letting everything else run; fails after very many turns. */
export async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 1_000_000; i++) {
    if (isTrue()) return;
    await turn();
  }
  throw new TypeError('The condition did not become true.');
}

/** Lets everything that is ready run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface Body {
  readonly bytes: Buffer;
  readonly tableStart: number;
}

function bodyOf(records: readonly ModelRecord[]): Body {
  const table = Buffer.alloc(16);
  table.writeUInt16LE(1, 0);
  table.writeUInt32LE(records.length, 2);
  table.writeUInt16LE(1, 10);
  table.writeUInt16LE(1, 12);
  table.write('tp', 14);
  const parts = records.map(recordBytes);
  return {
    bytes: Buffer.concat([...parts, table]),
    tableStart: parts.reduce((sum, part) => sum + part.length, 0),
  };
}

function recordBytes({ topic, payload, receivedMicros, properties = {} }: ModelRecord): Buffer {
  const headers = Buffer.concat(
    Object.entries(properties).map(([name, value]) => {
      const text = Buffer.from(`${name}\0${value}`);
      return Buffer.concat([Buffer.of(HEADER.userProperty, text.length & 255, text.length >> 8), text]);
    }),
  );
  const head = Buffer.alloc(24);
  head.writeUInt32LE(20 + topic.length + headers.length + payload.length, 0);
  head[4] = RECORD_KIND.telemetry;
  head[5] = 1;
  head.writeBigUInt64LE(BigInt(receivedMicros), 8);
  head.writeUInt16LE(topic.length, 16);
  head.writeUInt32LE(headers.length, 20);
  return Buffer.concat([head, Buffer.from(topic), headers, payload]);
}

function batchHeader(firstOffset: number, count: number, chain: number, body: Body): Buffer {
  const head = Buffer.alloc(80);
  head.write('SKB1', 'latin1');
  head.writeUInt32LE(body.bytes.length, 4);
  head.writeUInt32LE(firstOffset, 8);
  head.writeUInt32LE(count, 16);
  head.writeUInt32LE(count, 20);
  head.writeUInt32LE(firstOffset, 24);
  head.write(MODEL_ID, 40, 'hex');
  head.writeUInt32LE(body.tableStart, 56);
  head.writeUInt32LE(chain, 64);
  head.writeUInt32LE(crc32(body.bytes), 68);
  head.writeUInt32LE(crc32(head.subarray(0, 72)), 72);
  return head;
}
