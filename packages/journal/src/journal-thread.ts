import { CodedError, type Logger, type Meter } from '@skerry/kernel';
import type { EncodedBatch } from './batch.ts';
import { JournalError, type JournalFault } from './errors.ts';
import type { AppendResult, Consumer, Offset, StoredBatch } from './journal.ts';
import {
  type FaultMessage,
  type FromMain,
  type FromPipeline,
  faultMessage,
  faultOf,
  type JournalNews,
  type JournalRequests,
  type JournalState,
  type ToMain,
  type ToPipeline,
} from './journal-messages.ts';
import { LIMITS } from './limits.ts';
import type { Mailbox } from './mailbox.ts';
import type { DurableGroup, ServedJournal } from './served-journal.ts';

/** The two who use a served journal. */
export interface JournalMailboxes {
  /** To the one `JournalClient`. */
  readonly main: Mailbox;
  /** To the one `JournalFollower`, where there is one. */
  readonly pipeline?: Mailbox;
}

/** What serving a journal needs. */
export interface ServeJournalNeeds {
  readonly logger: Logger;
  readonly meter: Pick<Meter, 'snapshot'>;
  /** Calls back after every message that has arrived was delivered (`setImmediate`): what came meanwhile shares a sync. */
  readonly endOfTurn: (callback: () => void) => void;
  readonly pipelineCreditBytes?: number;
  /** Bytes appended after which old records are given up without waiting for a consumer to move on. */
  readonly trimEveryBytes?: number;
}

const IDLE: readonly JournalFault[] = ['journal-closed', 'journal-read-only'];

type Append = Extract<FromMain, { type: 'append' }>;
type Guarded = Extract<FromMain, { type: 'guarded' }>;

/**
 * Answers a `JournalClient` and a `JournalFollower` from the thread that owns the journal. All appends that arrived while
 * a sync was under way are made durable by the next one. Durable batches go on to the pipeline while it has credit.
 * Old records are given up whenever a consumer has moved on, the journal has grown, or an append was refused. The journal ends with the
 * client's; then `closed` resolves.
 */
export function serveJournal(
  mailboxes: JournalMailboxes,
  journal: ServedJournal,
  needs: ServeJournalNeeds,
): { readonly closed: Promise<void> } {
  const thread = new JournalThread(mailboxes, journal, needs);
  return { closed: thread.closed };
}

class JournalThread {
  readonly #main: Mailbox;
  readonly #pipeline: Mailbox | undefined;
  readonly #journal: ServedJournal;
  readonly #needs: ServeJournalNeeds;
  readonly #closing = Promise.withResolvers<void>();
  readonly #guards = new Map<number, (answer: Guarded) => void>();
  #appends: Append[] = [];
  #isCommitDue = false;
  #isCommitting = false;
  /** Refusals so far; appends that were sent before main knew of the last are refused too. */
  #epoch = 0;
  /** The last refusal's. */
  #reason: unknown;
  #creditBytes: number;
  #bytesSinceTrim = 0;
  #nextGuardId = 1;
  #start: Offset;

  constructor({ main, pipeline }: JournalMailboxes, journal: ServedJournal, needs: ServeJournalNeeds) {
    this.#main = main;
    this.#pipeline = pipeline;
    this.#journal = journal;
    this.#needs = needs;
    this.#creditBytes = needs.pipelineCreditBytes ?? LIMITS.pipelineCreditBytes.value;
    this.#start = journal.start;
    journal.onDurable((group) => this.#tellDurable(group));
    main.onMessage((message) => this.#fromMain(message as FromMain)); // the other end is a JournalClient
    pipeline?.onMessage((message) => this.#fromPipeline(message as FromPipeline)); // the other end is a JournalFollower
  }

  get closed(): Promise<void> {
    return this.#closing.promise;
  }

  #fromMain(message: FromMain): void {
    switch (message.type) {
      case 'append':
        this.#appends.push(message);
        this.#askForCommit();
        return;
      case 'hello':
        this.#toMain({ type: 'state', state: this.#state() });
        return;
      case 'commit':
        this.#commit(message.consumer);
        return;
      case 'request':
        void this.#answer(message.id, message.method);
        return;
      case 'guard':
        this.#journal.onBeforeTrim((upTo) => this.#guard(upTo));
        return;
      case 'guarded':
        this.#guards.get(message.id)?.(message);
        this.#guards.delete(message.id);
    }
  }

  #fromPipeline(message: FromPipeline): void {
    if (message.type === 'credit') this.#creditBytes += message.bytes;
    else if (message.type === 'commit') this.#commit(message.consumer);
    else if (message.type === 'read') void this.#read(message);
    else this.#toPipeline({ type: 'state', state: this.#state() });
  }

  async #read({ id, from, bytesMax }: Extract<FromPipeline, { type: 'read' }>): Promise<void> {
    try {
      const batches = await this.#journal.read(from, bytesMax);
      this.#toPipeline({ type: 'read', id, batches }, buffersOf(batches));
    } catch (error) {
      this.#toPipeline({ type: 'fault', id, fault: faultMessage(error) });
    }
  }

  #askForCommit(): void {
    if (this.#isCommitDue || this.#isCommitting) return;
    this.#isCommitDue = true;
    this.#needs.endOfTurn(() => {
      this.#isCommitDue = false;
      void this.#commitAppends();
    });
  }

  async #commitAppends(): Promise<void> {
    const appends = this.#appends;
    this.#appends = [];
    const late = appends.filter((one) => one.epoch < this.#epoch);
    if (late.length > 0) this.#refuse(late, [], this.#reason);
    const group = appends.filter((one) => one.epoch === this.#epoch);
    if (group.length === 0) return;
    this.#isCommitting = true;
    const bytes = group.reduce((sum, { batch }) => sum + batch.bytes.byteLength, 0); // read before they are passed on
    const outcomes = await Promise.allSettled(group.map(({ batch }) => this.#journal.append(batch)));
    this.#isCommitting = false;
    const results = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    if (results.length > 0) this.#tellAppended(Number(group[0]?.id), results);
    const failed = outcomes.findIndex((one) => one.status === 'rejected');
    const outcome = outcomes[failed];
    if (outcome?.status === 'rejected')
      this.#refuse(group.slice(failed), outcomes.slice(failed), outcome.reason);
    this.#trimNowAndThen(bytes);
    if (this.#appends.length > 0) this.#askForCommit();
  }

  /** What a consumer is done with and the last trim had no need to give up is given up as the journal grows. */
  #trimNowAndThen(bytes: number): void {
    this.#bytesSinceTrim += bytes;
    if (this.#bytesSinceTrim < (this.#needs.trimEveryBytes ?? LIMITS.trimEveryBytes.value)) return;
    this.#bytesSinceTrim = 0;
    void this.#trim();
  }

  #tellAppended(firstId: number, results: readonly AppendResult[]): void {
    const firstOffset = Number(results[0]?.firstOffset);
    this.#toMain({ type: 'appended', firstId, firstOffset, ends: results.map((one) => one.end) });
  }

  /** Sends refused batches back; those behind the first of a group are refused with it. */
  #refuse(
    appends: readonly Append[],
    outcomes: readonly PromiseSettledResult<AppendResult>[],
    reason: unknown,
  ): void {
    if (outcomes.some((one) => one.status === 'fulfilled')) {
      this.#fail(
        new JournalError('journal-failed', 'Cannot go on: a batch was taken before one that was refused.'),
      );
      return;
    }
    if (outcomes.length > 0) this.#epoch++;
    this.#reason = reason;
    const refused = appends.map(({ id, batch }) => ({ id, batch: isHere(batch) ? batch : undefined }));
    const transfer = refused.flatMap(({ batch }) => (batch ? [batch.bytes.buffer] : []));
    this.#toMain({ type: 'refused', epoch: this.#epoch, refused, fault: faultMessage(reason) }, transfer);
    if (reason instanceof JournalError && reason.code === 'journal-full') void this.#trim();
  }

  #tellDurable({ batches, received }: DurableGroup): void {
    const { end, telemetryEnd } = this.#journal;
    const news = { type: 'durable', end, telemetryEnd, received } as const;
    this.#toMain({ ...news, batches: [] });
    if (!this.#pipeline) return;
    const passed = batches.filter((batch) => this.#takeCredit(batch.body));
    this.#toPipeline({ ...news, batches: passed }, buffersOf(passed));
  }

  #takeCredit(body: Uint8Array): boolean {
    if (body.byteLength > this.#creditBytes) return false;
    this.#creditBytes -= body.byteLength;
    return true;
  }

  #commit(consumer: Consumer): void {
    try {
      this.#journal.commit(consumer);
    } catch (error) {
      this.#judge(error);
      return;
    }
    void this.#trim();
  }

  async #trim(): Promise<void> {
    try {
      await this.#journal.trim();
    } catch (error) {
      this.#judge(error);
    }
    this.#tellTrimmed();
  }

  #tellTrimmed(): void {
    const { start } = this.#journal;
    if (start === this.#start) return;
    this.#start = start;
    const news: JournalNews = { type: 'trimmed', start, receivedBefore: this.#journal.receivedBefore() };
    this.#toMain(news);
    this.#toPipeline(news);
  }

  #guard(upTo: Offset): Promise<void> {
    const id = this.#nextGuardId++;
    return new Promise((resolve, reject) => {
      this.#guards.set(id, ({ fault }) => (fault ? reject(new GuardRefusal(fault)) : resolve()));
      this.#toMain({ type: 'guard-trim', id, upTo });
    });
  }

  async #answer(id: number, method: keyof JournalRequests): Promise<void> {
    try {
      const value = await this.#do(method);
      this.#toMain({ type: 'answer', id, value });
      if (method === 'close') this.#closing.resolve();
    } catch (error) {
      this.#toMain({ type: 'fault', id, fault: faultMessage(error) });
      if (method === 'close') this.#closing.resolve();
    }
  }

  async #do(method: keyof JournalRequests): Promise<ReturnType<JournalRequests[keyof JournalRequests]>> {
    if (method === 'figures') return this.#journal.figures();
    if (method === 'metrics') return this.#needs.meter.snapshot();
    if (method === 'trim') {
      const start = await this.#journal.trim();
      this.#tellTrimmed();
      return start;
    }
    // closing decides what waits: what a journal elsewhere has not taken by then it gives up
    const last = this.#commitAppends();
    await this.#journal[Symbol.asyncDispose]();
    await last;
  }

  /** A closed journal and one for reading only give nothing up. What may work later is told; the rest ends the process. */
  #judge(error: unknown): void {
    if (error instanceof JournalError && IDLE.includes(error.code)) return;
    const canWait = error instanceof CodedError && error.advice !== 'end-process';
    if (canWait || error instanceof GuardRefusal)
      this.#needs.logger.log('warn', 'Old records of the journal are kept for now.', {
        reason: String(error),
      });
    else this.#fail(error);
  }

  #fail(error: unknown): void {
    this.#needs.logger.log('error', 'The journal cannot go on.', { reason: String(error) });
    this.#toMain({ type: 'failed', fault: faultMessage(error) });
  }

  #state(): JournalState {
    const { id, start, end, telemetryEnd } = this.#journal;
    const received = this.#journal.received();
    return { id, start, end, telemetryEnd, received, receivedBefore: this.#journal.receivedBefore() };
  }

  #toMain(message: ToMain, transfer: readonly ArrayBuffer[] = []): void {
    this.#main.post(message, transfer);
  }

  #toPipeline(message: ToPipeline, transfer: readonly ArrayBuffer[] = []): void {
    this.#pipeline?.post(message, transfer);
  }
}

function buffersOf(batches: readonly StoredBatch[]): ArrayBuffer[] {
  return batches.flatMap(({ body: { buffer } }) => (buffer instanceof ArrayBuffer ? [buffer] : []));
}

/** A snapshot that main could not make: the records stay until it can. */
class GuardRefusal extends Error {
  constructor(fault: FaultMessage) {
    super(fault.message, { cause: faultOf(fault) });
  }
}

/** False when the bytes went on to the pipeline: they were durable before something else failed. */
function isHere(batch: EncodedBatch): boolean {
  return !batch.bytes.buffer.detached;
}
