import type { Consumer, ReceivedCount, StoredBatch } from '@skerry/journal';
import { Wake } from '../wake.ts';
import { bodyOf, isTelemetry, SAMPLE_MICROS, type SampleRecord } from './record-builder.ts';

/** The reading half of a journal, filled record by record, for tests that state every byte. */
export class SampleJournal {
  readonly id: string;
  readonly start = 0;
  end = 0;
  telemetryEnd = 0;
  readonly batches: StoredBatch[] = [];
  readonly committed: Consumer[] = [];
  readonly #received = new Map<string, { -readonly [K in keyof ReceivedCount]: ReceivedCount[K] }>();
  readonly #grown = new Wake();

  constructor(id = 'a'.repeat(32)) {
    this.id = id;
  }

  /** Appends records as one durable batch. */
  append(...records: SampleRecord[]): StoredBatch {
    const telemetryCount = records.filter(isTelemetry).length;
    const batch: StoredBatch = {
      firstOffset: this.end,
      count: records.length,
      telemetryBefore: this.telemetryEnd,
      telemetryCount,
      appendedMicros: records.at(-1)?.receivedMicros ?? SAMPLE_MICROS,
      body: bodyOf(records),
    };
    this.batches.push(batch);
    for (const record of records) if (isTelemetry(record)) this.#count(record);
    this.end += records.length;
    this.telemetryEnd += telemetryCount;
    this.#grown.ring();
    return batch;
  }

  received(): ReceivedCount[] {
    return [...this.#received.values()].map((one) => ({ ...one }));
  }

  /** Falsifies a counter. */
  miscount(tenant: string, project: string, by: number): void {
    const counts = this.#received.get(`${tenant}/${project}`);
    if (counts) counts.received += by;
  }

  async read(from: number, bytesMax: number): Promise<StoredBatch[]> {
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (const batch of this.batches) {
      if (batch.firstOffset + batch.count <= from) continue;
      if (found.length > 0 && bytes + batch.body.length > bytesMax) break;
      found.push({ ...batch, body: batch.body.slice() });
      bytes += batch.body.length;
    }
    return found;
  }

  async waitBeyond(offset: number, signal: AbortSignal): Promise<void> {
    while (this.end <= offset && !signal.aborted) {
      const aborted = new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      await Promise.race([this.#grown.wait(), aborted]);
    }
  }

  commit(consumer: Consumer): void {
    this.committed.push(consumer);
  }

  #count({ tenant = 't', project = 'p', qos = 1 }: SampleRecord): void {
    const key = `${tenant}/${project}`;
    const counts = this.#received.get(key) ?? { tenant, project, received: 0, receivedQos0: 0 };
    counts.received++;
    if (qos === 0) counts.receivedQos0++;
    this.#received.set(key, counts);
  }
}
