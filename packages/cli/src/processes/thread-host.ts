import { setFlagsFromString } from 'node:v8';
import { type MessagePort, Worker } from 'node:worker_threads';
import type { Logger } from '@skerry/kernel';
import { RemoteFault } from '@skerry/pipeline/fault-message';
import { CliError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { FromThread, ThreadReport, ThreadStart, ToThread } from './thread-messages.ts';

/** How a thread is started. */
export interface ThreadOptions extends ThreadStart {
  readonly name: string;
  readonly script: URL;
  readonly ports: Readonly<Record<string, MessagePort>>;
  readonly logger: Logger;
  /** Ends the thread while it starts: what it waits for may never come. */
  readonly signal?: AbortSignal;
  /** How long it may take to close; the limit when absent. */
  readonly closeMs?: number;
}

/** A thread of this process. Disposing it closes it in an orderly way, by force after `threadCloseMs`. */
export interface Thread extends AsyncDisposable {
  /** What the thread told when it was ready. */
  readonly facts: unknown;
  /** Its metrics and figures; undefined once it is closing. */
  report(): Promise<ThreadReport | undefined>;
  /** Rejects when the thread fails or ends without being asked to; never resolves otherwise. */
  readonly failed: Promise<never>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** Threads make few objects, so their young generations need half of what the main thread's may take (docs/MEMORY.md). */
const THREAD_FLAG = '--max-semi-space-size=1';

/** Starts a thread; resolves when it is ready, fails with its fault, or with `thread-ended` (aborted, too). */
export async function startThread(options: ThreadOptions): Promise<Thread> {
  const { failpoint, name, ports } = options;
  // V8 reads it when an isolate is made; resourceLimits would yield to the flag that the process was started with
  setFlagsFromString(THREAD_FLAG);
  const worker = new Worker(options.script, {
    name,
    workerData: { start: { failpoint, options: options.options } satisfies ThreadStart, ports },
    transferList: Object.values(ports),
  });
  const host = new ThreadHost(worker, options);
  const stop = (): void => void worker.terminate();
  options.signal?.addEventListener('abort', stop, { once: true });
  if (options.signal?.aborted) stop();
  try {
    await Promise.race([host.ready, host.failed]);
    return host;
  } catch (fault) {
    await worker.terminate();
    throw fault;
  } finally {
    options.signal?.removeEventListener('abort', stop);
  }
}

class ThreadHost implements Thread {
  readonly failed: Promise<never>;
  readonly ready: Promise<void>;
  facts: unknown;
  readonly #worker: Worker;
  readonly #options: ThreadOptions;
  readonly #reports = new Map<number, (report: ThreadReport | undefined) => void>();
  readonly #closed: Promise<void>;
  #isReady: () => void = () => undefined;
  #fail: (fault: unknown) => void = () => undefined;
  #isClosed: () => void = () => undefined;
  #isClosing = false;
  #nextId = 1;

  constructor(worker: Worker, options: ThreadOptions) {
    this.#worker = worker;
    this.#options = options;
    this.ready = new Promise((resolve) => {
      this.#isReady = resolve;
    });
    this.#closed = new Promise((resolve) => {
      this.#isClosed = resolve;
    });
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // whoever awaits `failed` is told; nobody has to
    this.failed.catch(() => undefined);
    worker.on('message', (message: FromThread) => this.#receive(message));
    worker.on('error', (fault) => this.#fail(this.#ended(fault)));
    worker.on('exit', () => {
      this.#isClosed();
      if (!this.#isClosing) this.#fail(this.#ended(undefined));
    });
  }

  report(): Promise<ThreadReport | undefined> {
    if (this.#isClosing) return Promise.resolve(undefined);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#reports.set(id, resolve);
      this.#post({ type: 'report', id });
    });
  }

  async kill(): Promise<void> {
    this.#isClosing = true;
    await this.#worker.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isClosing) {
      this.#isClosing = true;
      for (const resolve of this.#reports.values()) resolve(undefined);
      this.#post({ type: 'close' });
    }
    const { closeMs = LIMITS.threadCloseMs.value } = this.#options;
    const timer = setTimeout(() => this.#isClosed(), closeMs);
    await this.#closed;
    clearTimeout(timer);
    await this.#worker.terminate();
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromThread): void {
    if (message.type === 'ready') {
      this.facts = message.facts;
      this.#isReady();
    } else if (message.type === 'failed') this.#fail(new RemoteFault(message.fault));
    else if (message.type === 'closed') this.#isClosed();
    else if (message.type === 'log') {
      const { level, message: text, fields } = message.entry;
      this.#options.logger.log(level, text, fields);
    } else {
      this.#reports.get(message.id)?.(message.report);
      this.#reports.delete(message.id);
    }
  }

  #ended(fault: unknown): CliError {
    const why = fault instanceof Error ? `: ${fault.stack ?? fault.message}` : ' without being asked to';
    return new CliError('thread-ended', `The thread ${this.#options.name} ended${why}.`, {}, fault);
  }
}
