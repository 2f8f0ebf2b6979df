import type { EncodedBatch } from './batch.ts';
import { JournalError } from './errors.ts';
import type { AppendResult, ReceivedCount } from './journal.ts';
import { LIMITS } from './limits.ts';
import { readProjectTable } from './project-table.ts';

/** A batch with its project table read. */
export interface CountedBatch {
  readonly batch: EncodedBatch;
  readonly counts: readonly ReceivedCount[];
}

/** Makes a group of batches durable at once, all or none. Throws a `JournalError`. */
export type CommitGroup = (group: readonly CountedBatch[]) => readonly AppendResult[];

interface Waiting extends CountedBatch {
  resolve(result: AppendResult): void;
  reject(error: unknown): void;
}

/** Longest chain of promises between a refusal and the one who made the append. */
const HOPS = 16;

/**
 * Gathers the appends of a moment into groups, each made durable by one call of `commit`. After a refusal everything is
 * refused that was appended before the caller could know of it, so that nothing overtakes a refused batch.
 */
export class AppendQueue {
  readonly #commit: CommitGroup;
  readonly #groupBytesMax: number;
  #waiting: Waiting[] = [];
  #isScheduled = false;
  #refusal: JournalError | undefined;

  constructor(commit: CommitGroup, groupBytesMax: number) {
    this.#commit = commit;
    this.#groupBytesMax = groupBytesMax;
  }

  /** As `Journal.append`. */
  append(batch: EncodedBatch): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const counts = readProjectTable(batch.bytes, batch.tableStart);
      this.#waiting.push({ batch, counts, resolve, reject });
      if (this.#isScheduled) return;
      this.#isScheduled = true;
      queueMicrotask(() => this.run());
    });
  }

  /** Commits what waits, now. */
  run(): void {
    this.#isScheduled = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < waiting.length; ) {
      const count = this.#groupAt(waiting, at);
      this.#commitGroup(waiting.slice(at, at + count));
      at += count;
    }
  }

  #commitGroup(group: readonly Waiting[]): void {
    try {
      if (this.#refusal) throw this.#refusal;
      const results = this.#commit(group);
      for (const [i, result] of results.entries()) group[i]?.resolve(result);
    } catch (error) {
      const isRefusal = error instanceof JournalError && error.code === 'journal-full';
      if (isRefusal && !this.#refusal) void this.#refuse(error);
      for (const one of group) one.reject(isRefusal ? refusalOf(error, one.batch) : error);
    }
  }

  async #refuse(refusal: JournalError): Promise<void> {
    this.#refusal = refusal;
    for (let i = 0; i < HOPS; i++) await undefined;
    this.#refusal = undefined;
  }

  /** How many batches from `start` on become durable together. */
  #groupAt(waiting: readonly Waiting[], start: number): number {
    let bytes = 0;
    let records = 0;
    let count = 0;
    for (const { batch } of waiting.slice(start)) {
      bytes += batch.bytes.byteLength;
      if (count > 0 && (bytes > this.#groupBytesMax || records > LIMITS.commitRecordsMax.value)) break;
      records += batch.count;
      count++;
    }
    return count;
  }
}

function refusalOf(error: JournalError, batch: EncodedBatch): JournalError {
  return new JournalError('journal-full', error.message, error.facts, error.cause, batch);
}
