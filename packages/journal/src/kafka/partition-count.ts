import { RECORD_KIND } from '../batch.ts';
import type { Offset, ReceivedCount } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import { ReceivedTotals } from '../received-totals.ts';
import { readBatch } from '../record-reader.ts';
import type { MadeBatch } from './stored-batches.ts';

/** What is known of a partition at an offset: what a store that follows it has kept. */
export interface PartitionBase {
  readonly offset: Offset;
  /** Telemetry records below it. */
  readonly telemetry: number;
  /** Received records per project below it. */
  readonly received: readonly ReceivedCount[];
}

/** Nothing is known: the count begins at an offset. */
export function baseAt(offset: Offset): PartitionBase {
  return { offset, telemetry: 0, received: [] };
}

/** Counts the records of a partition from a base on, as they are read or appended in order. */
export class PartitionCount {
  readonly #totals: ReceivedTotals;
  /** Telemetry before batches that were counted, by first offset, oldest first. */
  readonly #marks = new Map<Offset, number>();
  #offset: Offset;
  #telemetry: number;
  /** Telemetry records that were received below `offset`, and are in no batch any more. */
  #lost = 0;

  constructor(base: PartitionBase) {
    this.#offset = base.offset;
    this.#telemetry = base.telemetry;
    this.#totals = new ReceivedTotals(base.received);
  }

  /** Everything below is counted. */
  get offset(): Offset {
    return this.#offset;
  }

  /** Telemetry records that were received below `offset`. */
  get telemetry(): number {
    return this.#telemetry + this.#lost;
  }

  /** Received records per project below `offset`. */
  received(): ReceivedCount[] {
    return this.#totals.rows();
  }

  /**
   * Counts a batch where it is the next one, and returns the telemetry before it: exact for batches that were counted
   * or hold the base, as far as they are remembered; a bound for others, lower below `offset` and upper above.
   */
  before(batch: MadeBatch): number {
    const { firstOffset, count } = batch;
    if (firstOffset === this.#offset) return this.add(batch).before;
    if (firstOffset > this.#offset) return this.#telemetry + firstOffset - this.#offset;
    if (firstOffset + count > this.#offset) return this.#addRest(batch);
    return this.#marks.get(firstOffset) ?? Math.max(0, this.#telemetry - (this.#offset - firstOffset));
  }

  /** Counts the next batch, which begins at `offset`: the telemetry before it, and the new totals of its projects. */
  add(batch: MadeBatch): { readonly before: number; readonly totals: readonly ReceivedCount[] } {
    const before = this.#telemetry;
    this.#remember(batch.firstOffset, before);
    const totals = this.#totals.add(batch.counts);
    this.#telemetry += batch.telemetryCount;
    this.#offset = batch.firstOffset + batch.count;
    return { before, totals };
  }

  /** The base lies inside the batch: what is above it is counted record by record. */
  #addRest(batch: MadeBatch): number {
    const reader = readBatch(batch);
    const rows = reader.projects.map((one) => ({ ...one, received: 0, receivedQos0: 0 }));
    let above = 0;
    while (reader.next()) {
      const isTelemetry = reader.kind === RECORD_KIND.telemetry || reader.kind === RECORD_KIND.misrouted;
      if (reader.offset < this.#offset || !isTelemetry) continue;
      above++;
      const row = rows[reader.projectIndex];
      if (!row) continue;
      row.received++;
      if (reader.qos === 0) row.receivedQos0++;
    }
    const before = this.#telemetry + above - batch.telemetryCount;
    this.#remember(batch.firstOffset, before);
    this.#totals.add(rows.filter(({ received }) => received > 0));
    this.#telemetry += above;
    this.#offset = batch.firstOffset + batch.count;
    return before;
  }

  /** Counts what was received below `offset` and is in no batch, so that none has it before it. Returns by how many telemetry records. */
  raise({ telemetry, received }: Omit<PartitionBase, 'offset'>): number {
    const lost = telemetry - this.telemetry;
    this.#lost += lost;
    this.#totals.set(received);
    return lost;
  }

  /** So many of the telemetry records that the base has are in no batch. */
  giveUp(lost: number): void {
    if (lost === 0) return;
    this.#telemetry -= lost;
    this.#lost += lost;
    for (const [offset, telemetry] of this.#marks) this.#marks.set(offset, telemetry - lost);
  }

  #remember(offset: Offset, telemetry: number): void {
    this.#marks.set(offset, telemetry);
    if (this.#marks.size <= LIMITS.kafkaMarksMax.value) return;
    for (const oldest of this.#marks.keys()) {
      this.#marks.delete(oldest);
      return;
    }
  }
}
