import { JournalError } from './errors.ts';
import type { Consumer, Journal, Offset, ReceivedCount, StoredBatch } from './journal.ts';
import { type FromPipeline, faultOf, type JournalState, type ToPipeline } from './journal-messages.ts';
import { JournalMirror } from './journal-mirror.ts';
import type { Mailbox } from './mailbox.ts';
import type { BatchReader } from './served-journal.ts';

/** Connects to the journal that `serveJournal` serves at the other end; resolves when its state has come. `reader` reads the same journal; without one what is read is asked for from the other end. */
export function openJournalFollower(mailbox: Mailbox, reader?: BatchReader): Promise<JournalFollower> {
  return new Promise((resolve) => {
    let follower: JournalFollower | undefined;
    mailbox.onMessage((received) => {
      const message = received as ToPipeline; // the other end is `serveJournal`
      if (message.type !== 'state') follower?.receive(message);
      else {
        follower = new JournalFollower(mailbox, reader, message.state);
        resolve(follower);
      }
    });
    mailbox.post({ type: 'hello' } satisfies FromPipeline);
  });
}

/** The journal as the pipeline's thread sees it: it reads and commits. Nothing above the durable end is shown or read. */
export class JournalFollower
  implements
    Disposable,
    Pick<Journal, 'id' | 'start' | 'end' | 'telemetryEnd' | 'received' | 'read' | 'waitBeyond' | 'commit'>
{
  readonly #mailbox: Mailbox;
  readonly #reader: BatchReader | undefined;
  readonly #reads = new Map<number, PromiseWithResolvers<StoredBatch[]>>();
  readonly #mirror: JournalMirror;
  #nextReadId = 1;
  #isEnded = false;
  #batchListener: (batch: StoredBatch) => boolean = () => false;

  /** For `openJournalFollower`. */
  constructor(mailbox: Mailbox, reader: BatchReader | undefined, state: JournalState) {
    this.#mailbox = mailbox;
    this.#reader = reader;
    this.#mirror = new JournalMirror(state);
  }

  get id(): string {
    return this.#mirror.id;
  }

  get start(): Offset {
    return this.#mirror.start;
  }

  get end(): Offset {
    return this.#mirror.end;
  }

  get telemetryEnd(): number {
    return this.#mirror.telemetryEnd;
  }

  received(): ReceivedCount[] {
    return this.#mirror.received();
  }

  /** Records per project below `start`, for an audit. */
  receivedBefore(): ReceivedCount[] {
    return this.#mirror.receivedBefore();
  }

  async read(from: Offset, bytesMax: number): Promise<StoredBatch[]> {
    if (this.#isEnded) throw ended();
    if (from >= this.start)
      return (await this.#reader?.read(from, bytesMax, this.end)) ?? this.#ask(from, bytesMax);
    throw new JournalError(
      'offset-trimmed',
      `Cannot read from ${from}: the journal begins at ${this.start}.`,
      {
        from,
        start: this.start,
      },
    );
  }

  waitBeyond(offset: Offset, signal: AbortSignal): Promise<void> {
    return this.#mirror.waitBeyond(offset, signal);
  }

  commit(consumer: Consumer): void {
    this.#post({ type: 'commit', consumer });
  }

  /** Installs the one listener for durable batches as they are passed on right after their append: some, in order, with holes. It owns the bytes of those it returns true for; the others are dropped and can be read. */
  onBatch(listener: (batch: StoredBatch) => boolean): void {
    this.#batchListener = listener;
  }

  /** For `openJournalFollower`: takes a message from the journal's thread. */
  receive(message: ToPipeline): void {
    if (message.type === 'read' || message.type === 'fault') {
      this.#answered(message);
      return;
    }
    this.#mirror.take(message);
    if (message.type !== 'durable' || message.batches.length === 0) return;
    let bytes = 0;
    for (const batch of message.batches) {
      bytes += batch.body.byteLength; // before the listener, which may pass the bytes on
      this.#batchListener(batch);
    }
    this.#post({ type: 'credit', bytes });
  }

  /** What is asked for and not answered fails with `journal-closed`, and so does everything that is asked for afterwards. */
  [Symbol.dispose](): void {
    this.#isEnded = true;
    for (const one of this.#reads.values()) one.reject(ended());
    this.#reads.clear();
  }

  #ask(from: Offset, bytesMax: number): Promise<StoredBatch[]> {
    const id = this.#nextReadId++;
    const answer = Promise.withResolvers<StoredBatch[]>();
    this.#reads.set(id, answer);
    this.#post({ type: 'read', id, from, bytesMax });
    return answer.promise;
  }

  #answered(message: Extract<ToPipeline, { type: 'read' | 'fault' }>): void {
    const answer = this.#reads.get(message.id);
    this.#reads.delete(message.id);
    if (message.type === 'read') answer?.resolve([...message.batches]);
    else answer?.reject(faultOf(message.fault));
  }

  #post(message: FromPipeline): void {
    this.#mailbox.post(message);
  }
}

function ended(): JournalError {
  return new JournalError('journal-closed', 'Cannot read: the journal has been closed.');
}
