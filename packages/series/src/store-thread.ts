import type { DeadLetter, SessionEvent } from '@skerry/model';
import { SERIES_FAULTS, SeriesError, type SeriesFault } from './errors.ts';
import type { HeadView } from './head.ts';
import { packSeal, type SealMessage, unpackSeal } from './seal-message.ts';
import type {
  BucketPage,
  DeadLetterFilter,
  DeadLetterHead,
  PointPage,
  Seal,
  SeriesQuery,
  SeriesStore,
  SessionQuery,
  StoreFigures,
  StoreState,
} from './store.ts';
import type { Breathe } from './turn.ts';

/** One end of a pair that carries messages both ways, in order: a message port, or a pair in memory. */
export interface Mailbox {
  /** Sends a structured clone; shared memory goes by reference, what `transfer` names changes hands. */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Installs the receiver, once. */
  onMessage(callback: (message: unknown) => void): void;
}

/** A call to a method of the store. */
interface Call {
  readonly id: number;
  readonly method:
    | 'load'
    | 'seal'
    | 'query'
    | 'deadLetters'
    | 'deadLetter'
    | 'sessionEvents'
    | 'work'
    | 'figures'
    | 'close';
  readonly args: readonly unknown[];
}

/** What a call came to. */
type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly fault: Fault };

interface Fault {
  readonly code: SeriesFault | undefined;
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** What `serveStore` is told besides. */
export interface ServeOptions {
  readonly breathe: Breathe;
  /** Background work failed; the code says what to do. It is tried again after the next seal. */
  readonly onWorkFailed: (error: unknown) => void;
}

/**
 * Answers the calls that come through `mailbox` from `store`, and does the store's background work while no seal is
 * under way. The thread belongs to it.
 */
export function serveStore(mailbox: Mailbox, store: SeriesStore, options: ServeOptions): void {
  let seals = 0;
  let isWorking = false;
  let isClosed = false;
  const work = async (): Promise<void> => {
    if (isWorking) return;
    isWorking = true;
    try {
      while (!isClosed && seals === 0 && (await store.work())) await options.breathe();
    } catch (error) {
      if (!isClosed) options.onWorkFailed(error);
    } finally {
      isWorking = false;
    }
  };
  mailbox.onMessage((message) => {
    const call = message as Call; // only `ThreadedStore` holds the other end
    if (call.method === 'seal') seals++;
    if (call.method === 'close') isClosed = true;
    answer(store, call)
      .then((reply) => {
        mailbox.post(reply, buffersOf(reply));
        if (call.method === 'seal') seals--;
        if (call.method === 'seal' || call.method === 'load' || call.method === 'work') void work();
      })
      .catch(options.onWorkFailed);
  });
}

async function answer(store: SeriesStore, call: Call): Promise<Reply> {
  try {
    return { id: call.id, result: await dispatch(store, call) };
  } catch (error) {
    const fault: Fault =
      error instanceof SeriesError
        ? { code: error.code, message: error.message, facts: error.facts }
        : { code: undefined, message: error instanceof Error ? error.message : String(error), facts: {} };
    return { id: call.id, fault };
  }
}

function dispatch(store: SeriesStore, { method, args }: Call): Promise<unknown> {
  const [first, second] = args;
  // the arguments are those that `ThreadedStore` was given for the same method
  if (method === 'load') return store.load();
  if (method === 'seal') return store.seal(unpackSeal(first as SealMessage));
  if (method === 'query') return store.query(first as SeriesQuery, second as HeadView[]);
  if (method === 'deadLetters') return store.deadLetters(first as DeadLetterFilter);
  if (method === 'deadLetter') return store.deadLetter(first as number);
  if (method === 'sessionEvents') return store.sessionEvents(first as SessionQuery);
  if (method === 'work') return store.work();
  if (method === 'figures') return store.figures();
  return Promise.resolve(store[Symbol.asyncDispose]());
}

/** The columns of a page of points change hands instead of being copied. */
function buffersOf(reply: Reply): ArrayBuffer[] {
  if (!('result' in reply)) return [];
  const page = reply.result as Partial<PointPage> | undefined; // looked at by its kind only
  if (page?.kind !== 'points') return [];
  return [page.times, page.offsets, page.ordinals].flatMap((column) =>
    column?.buffer instanceof ArrayBuffer ? [column.buffer] : [],
  );
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
}

/** A store on another thread. Faults arrive with their code; anything else as a plain error. */
export class ThreadedStore implements SeriesStore {
  readonly #mailbox: Mailbox;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  constructor(mailbox: Mailbox) {
    this.#mailbox = mailbox;
    mailbox.onMessage((message) => this.#receive(message as Reply)); // only `serveStore` holds the other end
  }

  load(): Promise<StoreState> {
    return this.#call('load');
  }

  seal(seal: Seal): Promise<void> {
    return this.#call('seal', packSeal(seal));
  }

  query(query: SeriesQuery, unsealed: readonly HeadView[]): Promise<PointPage | BucketPage> {
    return this.#call('query', query, unsealed);
  }

  deadLetters(filter: DeadLetterFilter): Promise<DeadLetterHead[]> {
    return this.#call('deadLetters', filter);
  }

  deadLetter(offset: number): Promise<DeadLetter | undefined> {
    return this.#call('deadLetter', offset);
  }

  sessionEvents(query: SessionQuery): Promise<SessionEvent[]> {
    return this.#call('sessionEvents', query);
  }

  /** The thread works by itself; asking only begins it at once. */
  work(): Promise<boolean> {
    return this.#call('work');
  }

  figures(): Promise<StoreFigures> {
    return this.#call('figures');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#call('close');
  }

  #call<T>(method: Call['method'], ...args: readonly unknown[]): Promise<T> {
    const id = this.#nextId++;
    const call: Call = { id, method, args };
    return new Promise<T>((resolve, reject) => {
      this.#waiting.set(id, { resolve: (result) => resolve(result as T), reject }); // the method's own result
      this.#mailbox.post(call);
    });
  }

  #receive(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (!waiting) return;
    if ('result' in reply) waiting.resolve(reply.result);
    else waiting.reject(errorOf(reply.fault));
  }
}

function errorOf(fault: Fault): Error {
  const isKnown = fault.code !== undefined && fault.code in SERIES_FAULTS;
  return isKnown && fault.code
    ? new SeriesError(fault.code, fault.message, fault.facts)
    : new Error(fault.message);
}
