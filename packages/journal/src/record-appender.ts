import type { Clock, Gauge, Meter, Timer } from '@skerry/kernel';
import type { EncodedBatch, RecordInput } from './batch.ts';
import { BatchBuilder, type BatchLimits } from './batch-builder.ts';
import { JournalError } from './errors.ts';
import type { AppendResult, Offset } from './journal.ts';
import { LIMITS } from './limits.ts';

/** Why nothing more should be handed to an appender at the moment. */
export type AppendRefusal = 'journal-full' | 'disk-full' | 'read-only' | 'backlog';

/** Choices of an appender; what is absent has the value of `LIMITS`. */
export interface RecordAppenderOptions extends BatchLimits {
  readonly appendsInFlightMax?: number;
  readonly waitingBytesMax?: number;
  readonly retryMs?: number;
  /**
   * Calls back when everything else that is ready has had its turn (`setImmediate`), so that the records of a moment
   * share a batch; at the end of the current task when absent.
   */
  readonly endOfTurn?: (callback: () => void) => void;
  /** Told of each record that was added, with how many are not durable; before `endOfTurn` is asked for it. */
  readonly onAdded?: (waiting: number) => void;
}

/** What an appender works with. */
export interface RecordAppenderNeeds {
  readonly clock: Pick<Clock, 'startTimer'>;
  readonly meter: Meter;
}

interface Flight {
  readonly batch: EncodedBatch;
  outcome: AppendResult | 'refused' | undefined;
}

interface Flush {
  readonly target: number;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Takes records one by one and makes them durable in the order of `add`, many to a batch. What the journal refuses is
 * kept and offered again, in order; `refusal` says so meanwhile. Whoever adds all the same fills memory.
 */
export class RecordAppender {
  readonly #append: (batch: EncodedBatch) => Promise<AppendResult>;
  readonly #clock: Pick<Clock, 'startTimer'>;
  readonly #builder: BatchBuilder;
  readonly #inFlightMax: number;
  readonly #waitingBytesMax: number;
  readonly #retryMs: number;
  readonly #endOfTurn: (callback: () => void) => void;
  readonly #onAdded: ((waiting: number) => void) | undefined;
  readonly #gauge: Gauge;
  /** Closed batches that are not on their way, oldest first. */
  #waiting: EncodedBatch[] = [];
  #flights: Flight[] = [];
  #closedBytes = 0;
  #added = 0;
  #durable = 0;
  #isTurnAsked = false;
  #retry: Timer | undefined;
  /** Why the journal refused the last batch it was offered. */
  #refused: AppendRefusal | undefined;
  #isBacklogged = false;
  #isRefusalTold = false;
  /** True once the journal is known to take nothing for the rest of its life. */
  #isReadOnly = false;
  #failure: unknown;
  #flushes: Flush[] = [];
  #durableListener: (count: number, end: Offset) => void = () => undefined;
  #resumeListener: () => void = () => undefined;
  #failedListener: (error: unknown) => void = () => undefined;

  constructor(
    append: (batch: EncodedBatch) => Promise<AppendResult>,
    needs: RecordAppenderNeeds,
    options: RecordAppenderOptions = {},
  ) {
    this.#append = append;
    this.#clock = needs.clock;
    this.#builder = new BatchBuilder(options);
    this.#inFlightMax = options.appendsInFlightMax ?? LIMITS.appendsInFlightMax.value;
    this.#waitingBytesMax = options.waitingBytesMax ?? LIMITS.waitingBytesMax.value;
    this.#retryMs = options.retryMs ?? LIMITS.retryMs.value;
    this.#endOfTurn = options.endOfTurn ?? queueMicrotask;
    this.#onAdded = options.onAdded;
    this.#gauge = needs.meter.gauge(
      'iot_journal_waiting_bytes',
      'Bytes of records that are not durable yet.',
    );
  }

  /** The number that stands for a tenant and project in `RecordInput.project`. Fails with `too-many-projects`, `record-too-large`. */
  project(tenant: string, project: string): number {
    return this.#builder.project(tenant, project);
  }

  /** Copies a record into the open batch; confirmed through `onDurable`. Fails with `record-too-large`; nothing is added then. */
  add(input: RecordInput): void {
    this.#builder.add(input);
    this.#added++;
    this.#onAdded?.(this.#added - this.#durable);
    if (this.#builder.isFull) {
      this.#closeBatch();
      this.#pump();
    } else if (!this.#isTurnAsked) this.#askForTurn();
  }

  /** Takes back the bytes of a batch that is durable and that nobody looks at any more. */
  reuse(bytes: ArrayBuffer): void {
    this.#builder.reuse(bytes);
  }

  /** Installs the one listener: `count` more records, in the order of `add`, are durable; `end` is the offset after them. */
  onDurable(listener: (count: number, end: Offset) => void): void {
    this.#durableListener = listener;
  }

  /** Installs the one listener that is told when `refusal` has become undefined again. */
  onResume(listener: () => void): void {
    this.#resumeListener = listener;
  }

  /** Installs the one listener that is told, once, that nothing will become durable any more (`journal-failed`, `journal-closed`): the process must end. */
  onFailed(listener: (error: unknown) => void): void {
    this.#failedListener = listener;
  }

  /** Why nothing more should be added, or undefined. `backlog` holds until half of the waiting records are durable. */
  refusal(): AppendRefusal | undefined {
    if (this.waitingBytes >= this.#waitingBytesMax) this.#isBacklogged = true;
    const refusal = this.#refused ?? (this.#isBacklogged ? 'backlog' : undefined);
    if (refusal) this.#isRefusalTold = true;
    return refusal;
  }

  /** Records that were added and are not durable yet. */
  get waitingCount(): number {
    return this.#added - this.#durable;
  }

  /** Bytes of the records that are not durable yet. */
  get waitingBytes(): number {
    return this.#closedBytes + (this.#builder.count === 0 ? 0 : this.#builder.byteLength);
  }

  /** Resolves when everything added so far is durable. Rejects when the journal fails first. */
  flush(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      if (this.#durable === this.#added) return resolve();
      this.#flushes.push({ target: this.#added, resolve, reject });
      this.#closeBatch();
      this.#pump();
    });
  }

  #askForTurn(): void {
    this.#isTurnAsked = true;
    this.#endOfTurn(() => {
      this.#isTurnAsked = false;
      this.#pump();
    });
  }

  /** Sends what waits, and the open batch when its turn is over, nothing waits before it and there is room for it. */
  #pump(): void {
    const most = this.#refused ? 1 : this.#inFlightMax;
    const isHeld =
      this.#isReadOnly || this.#retry !== undefined || this.#failure !== undefined || this.#hasRefused();
    while (!isHeld && this.#flights.length < most) {
      if (this.#waiting.length === 0 && !this.#isTurnAsked) this.#closeBatch();
      const batch = this.#waiting.shift();
      if (!batch) break;
      this.#send(batch);
    }
    this.#gauge.set(this.waitingBytes);
  }

  #hasRefused(): boolean {
    return this.#flights.some((one) => one.outcome === 'refused');
  }

  #closeBatch(): void {
    const batch = this.#builder.close();
    if (!batch) return;
    this.#waiting.push(batch);
    this.#closedBytes += batch.bytes.byteLength;
  }

  #send(batch: EncodedBatch): void {
    const flight: Flight = { batch, outcome: undefined };
    const { byteLength } = batch.bytes;
    this.#flights.push(flight);
    this.#append(batch).then(
      (result) => {
        flight.outcome = result;
        this.#closedBytes -= byteLength;
        this.#settle();
      },
      (error: unknown) => this.#fall(flight, error),
    );
  }

  #fall(flight: Flight, error: unknown): void {
    const code = error instanceof JournalError ? error.code : undefined;
    if (!(error instanceof JournalError) || (code !== 'journal-full' && code !== 'journal-read-only')) {
      this.#fail(error);
      return;
    }
    const at = this.#flights.indexOf(flight);
    // over threads the bytes went away with the append and came back with the refusal
    this.#flights[at] = { batch: error.refused ?? flight.batch, outcome: 'refused' };
    this.#refused = refusalOf(error);
    this.#settle();
  }

  /** Tells what has become durable, in order, and arms the next try when all that was on its way has come back. */
  #settle(): void {
    for (let first = this.#flights[0]; typeof first?.outcome === 'object'; first = this.#flights[0]) {
      this.#flights.shift();
      this.#durable += first.batch.count;
      if (!this.#hasRefused()) this.#refused = undefined;
      this.#durableListener(first.batch.count, first.outcome.end);
    }
    if (this.#hasRefused() && this.#flights.every((one) => one.outcome !== undefined)) this.#takeBack();
    while (this.#flushes[0] && this.#flushes[0].target <= this.#durable) this.#flushes.shift()?.resolve();
    this.#pump();
    this.#resumeWhenThin();
  }

  /** Puts what was refused before what waits and offers it again later. */
  #takeBack(): void {
    const overtaking = this.#flights.findIndex((one) => one.outcome !== 'refused');
    if (overtaking >= 0) {
      this.#fail(
        new JournalError('journal-failed', 'Cannot go on: a batch was taken before one that was refused.'),
      );
      return;
    }
    this.#waiting = [...this.#flights.map((one) => one.batch), ...this.#waiting];
    this.#flights = [];
    this.#isReadOnly = this.#refused === 'read-only';
    if (this.#isReadOnly) return;
    this.#retry = this.#clock.startTimer(this.#retryMs, () => {
      this.#retry = undefined;
      this.#pump();
    });
  }

  #resumeWhenThin(): void {
    if (this.waitingBytes * 2 <= this.#waitingBytesMax) this.#isBacklogged = false;
    if (!this.#isRefusalTold || this.#refused || this.#isBacklogged) return;
    this.#isRefusalTold = false;
    this.#resumeListener();
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error ?? new JournalError('journal-failed', 'Cannot go on with the journal.');
    this.#retry?.[Symbol.dispose]();
    for (const one of this.#flushes.splice(0)) one.reject(this.#failure);
    this.#failedListener(this.#failure);
  }
}

function refusalOf(error: JournalError): AppendRefusal {
  if (error.code === 'journal-read-only') return 'read-only';
  return error.facts.full === 'disk' ? 'disk-full' : 'journal-full';
}
