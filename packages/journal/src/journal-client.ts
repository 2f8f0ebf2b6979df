import type { MetricFamily } from '@skerry/kernel';
import type { EncodedBatch } from './batch.ts';
import type { AppendResult, Consumer, Offset, ReceivedCount } from './journal.ts';
import {
  type FromMain,
  faultMessage,
  faultOf,
  type JournalRequests,
  type JournalState,
  type ToMain,
} from './journal-messages.ts';
import { JournalMirror } from './journal-mirror.ts';
import type { Mailbox } from './mailbox.ts';
import type { JournalFigures } from './served-journal.ts';

interface Waiting<T> {
  resolve(value: T): void;
  reject(error: unknown): void;
}

/** Connects to the journal that `serveJournal` serves at the other end; resolves when its state has come. */
export function openJournalClient(mailbox: Mailbox): Promise<JournalClient> {
  return new Promise((resolve) => {
    let client: JournalClient | undefined;
    mailbox.onMessage((received) => {
      const message = received as ToMain; // the other end is `serveJournal`
      if (message.type !== 'state') client?.receive(message);
      else {
        client = new JournalClient(mailbox, message.state);
        resolve(client);
      }
    });
    mailbox.post({ type: 'hello' } satisfies FromMain);
  });
}

/** The journal as the main thread sees it: it appends, commits, asks; it does not read. Everything shown is durable. */
export class JournalClient implements AsyncDisposable {
  readonly #mailbox: Mailbox;
  readonly #mirror: JournalMirror;
  readonly #appends = new Map<number, Waiting<AppendResult>>();
  readonly #requests = new Map<number, Waiting<unknown>>();
  #nextAppendId = 1;
  #nextRequestId = 1;
  #epoch = 0;
  #guard: ((upTo: Offset) => Promise<void>) | undefined;
  #failedListener: (error: Error) => void = () => undefined;

  /** For `openJournalClient`. */
  constructor(mailbox: Mailbox, state: JournalState) {
    this.#mailbox = mailbox;
    this.#mirror = new JournalMirror(state);
  }

  /** As `Journal.id`. */
  get id(): string {
    return this.#mirror.id;
  }

  /** First offset still held. */
  get start(): Offset {
    return this.#mirror.start;
  }

  /** Offset after the last durable record. */
  get end(): Offset {
    return this.#mirror.end;
  }

  /** Telemetry records below `end`. */
  get telemetryEnd(): number {
    return this.#mirror.telemetryEnd;
  }

  /** As `Journal.received`. */
  received(): ReceivedCount[] {
    return this.#mirror.received();
  }

  /** Records per project below `start`. */
  receivedBefore(): ReceivedCount[] {
    return this.#mirror.receivedBefore();
  }

  /** As `Journal.waitBeyond`. */
  waitBeyond(offset: Offset, signal: AbortSignal): Promise<void> {
    return this.#mirror.waitBeyond(offset, signal);
  }

  /** As `Journal.append`. The bytes go to the other thread; with `journal-full` they come back as the error's `refused`. */
  append(batch: EncodedBatch): Promise<AppendResult> {
    const id = this.#nextAppendId++;
    return new Promise((resolve, reject) => {
      this.#appends.set(id, { resolve, reject });
      this.#post({ type: 'append', id, epoch: this.#epoch, batch }, [batch.bytes.buffer]);
    });
  }

  /** As `Journal.commit`. */
  commit(consumer: Consumer): void {
    this.#post({ type: 'commit', consumer });
  }

  /** As `Journal.trim`. The thread does it by itself whenever a consumer moves on; asking only begins it at once. */
  trim(): Promise<Offset> {
    return this.#request('trim');
  }

  /** Sizes of the moment. */
  figures(): Promise<JournalFigures> {
    return this.#request('figures');
  }

  /** Metrics of the journal's thread. */
  metrics(): Promise<MetricFamily[]> {
    return this.#request('metrics');
  }

  /** Installs the hook of `ServedJournal.onBeforeTrim`, to be run in this thread. */
  onBeforeTrim(hook: (upTo: Offset) => Promise<void>): void {
    this.#guard = hook;
    this.#post({ type: 'guard' });
  }

  /** Installs the one listener for faults that no append tells of; the process must end. */
  onFailed(listener: (error: Error) => void): void {
    this.#failedListener = listener;
  }

  /** Resolves when everything appended is decided and the journal is closed; its thread may end then. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#request('close');
  }

  /** For `openJournalClient`: takes a message from the journal's thread. */
  receive(message: ToMain): void {
    switch (message.type) {
      case 'appended':
        this.#resolveAppends(message);
        return;
      case 'refused':
        this.#epoch = Math.max(this.#epoch, message.epoch);
        for (const { id, batch } of message.refused)
          this.#takeAppend(id)?.reject(faultOf(message.fault, batch));
        return;
      case 'answer':
        this.#takeRequest(message.id)?.resolve(message.value);
        return;
      case 'fault':
        this.#takeRequest(message.id)?.reject(faultOf(message.fault));
        return;
      case 'guard-trim':
        void this.#runGuard(message.id, message.upTo);
        return;
      case 'failed':
        this.#failedListener(faultOf(message.fault));
        return;
      default:
        this.#mirror.take(message);
    }
  }

  #resolveAppends({ firstId, firstOffset, ends }: Extract<ToMain, { type: 'appended' }>): void {
    let from = firstOffset;
    for (const [i, end] of ends.entries()) {
      this.#takeAppend(firstId + i)?.resolve({ firstOffset: from, end });
      from = end;
    }
  }

  async #runGuard(id: number, upTo: Offset): Promise<void> {
    try {
      await this.#guard?.(upTo);
      this.#post({ type: 'guarded', id, fault: undefined });
    } catch (error) {
      this.#post({ type: 'guarded', id, fault: faultMessage(error) });
    }
  }

  #request<M extends keyof JournalRequests>(method: M): Promise<ReturnType<JournalRequests[M]>> {
    const id = this.#nextRequestId++;
    return new Promise((resolve, reject) => {
      const settle = (value: unknown): void => resolve(value as ReturnType<JournalRequests[M]>); // the method's own result
      this.#requests.set(id, { resolve: settle, reject });
      this.#post({ type: 'request', id, method });
    });
  }

  #takeAppend(id: number): Waiting<AppendResult> | undefined {
    const found = this.#appends.get(id);
    this.#appends.delete(id);
    return found;
  }

  #takeRequest(id: number): Waiting<unknown> | undefined {
    const found = this.#requests.get(id);
    this.#requests.delete(id);
    return found;
  }

  #post(message: FromMain, transfer: readonly ArrayBuffer[] = []): void {
    this.#mailbox.post(message, transfer);
  }
}
