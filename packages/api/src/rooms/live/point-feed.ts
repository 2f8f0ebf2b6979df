import type { LiveEvent, LiveFilter, Platform } from '../../platform.ts';
import { showLive } from '../../shape.ts';
import type { EventBudget, EventHolder } from './event-budget.ts';

/** An event as its bytes go out, once for all who are sent it. */
export interface EventFrame {
  readonly id: string;
  readonly bytes: Uint8Array;
}

/** What feeds work with. */
export interface FeedNeeds {
  readonly platform: Pick<Platform, 'live'>;
  readonly budget: EventBudget;
  /** Bytes of events that one feed keeps for those who have not taken them. */
  readonly bytesMax: number;
}

/** Who is sent the events of a feed. */
interface Follower {
  /** Number of the event that it has not taken yet. */
  next: number;
  wake: PromiseWithResolvers<void>;
  /** Called when an event that it has not taken is given up. */
  readonly drop: () => void;
}

/** The feeds in force, one for each list of filters. */
export class PointFeeds {
  readonly #needs: FeedNeeds;
  readonly #feeds = new Map<string, PointFeed>();

  constructor(needs: FeedNeeds) {
    this.#needs = needs;
  }

  /** A place at the feed of these filters, which lives as long as somebody has one. */
  join(filters: readonly LiveFilter[]): FeedPlace {
    const key = keyOf(filters);
    let feed = this.#feeds.get(key);
    if (!feed) {
      const fresh = new PointFeed(filters, this.#needs, () => {
        if (this.#feeds.get(key) === fresh) this.#feeds.delete(key);
      });
      feed = fresh;
      this.#feeds.set(key, fresh);
    }
    return feed.join();
  }
}

/** A place at a feed. */
export interface FeedPlace extends Disposable {
  /**
   * Events from now on, each when the one before was taken. `drop` is called when one that was not taken yet had to be
   * given up. Fails like the platform's feed; ends when the signal fires.
   */
  follow(signal: AbortSignal, drop: () => void): AsyncIterable<EventFrame>;
  /** The same behind an event, where it is the newest one of this feed; else undefined. */
  followBehind(id: string, signal: AbortSignal, drop: () => void): AsyncIterable<EventFrame> | undefined;
}

/**
 * One subscription at the platform for all streams of the same filters. An event is made into bytes once; it is kept until
 * everybody has taken it, up to a bound. The next ones are asked for as soon as one of the streams has taken all.
 */
class PointFeed implements EventHolder {
  readonly #needs: FeedNeeds;
  readonly #frames: EventFrame[] = [];
  /** Number of the oldest event that is kept, and of the next one to come. */
  #first = 0;
  #end = 0;
  #newestId: string | undefined;
  readonly #followers = new Set<Follower>();
  #places = 0;
  readonly #stop = new AbortController();
  #taken = Promise.withResolvers<void>();
  #over: { readonly fault: unknown } | undefined;
  bytes = 0;

  constructor(filters: readonly LiveFilter[], needs: FeedNeeds, onOver: () => void) {
    this.#needs = needs;
    this.#stop.signal.addEventListener('abort', onOver, { once: true });
    void this.#run(filters);
  }

  join(): FeedPlace {
    let isIn = true;
    this.#places++;
    const follow = (signal: AbortSignal, drop: () => void): AsyncIterable<EventFrame> =>
      this.#sendTo(this.#enter(drop), signal);
    return {
      follow,
      followBehind: (id, signal, drop) => (id === this.#newestId ? follow(signal, drop) : undefined),
      [Symbol.dispose]: () => {
        if (!isIn) return;
        isIn = false;
        if (--this.#places === 0) this.#stop.abort();
      },
    };
  }

  /** Gives the oldest event up, and with it those who have not taken it. */
  shed(): void {
    const frame = this.#frames.shift();
    if (!frame) return;
    this.bytes -= frame.bytes.length;
    this.#first++;
    for (const follower of this.#followers) if (follower.next < this.#first) follower.drop();
  }

  async #run(filters: readonly LiveFilter[]): Promise<void> {
    using _ = this.#needs.budget.enter(this);
    let fault: unknown;
    try {
      for await (const events of this.#needs.platform.live(filters, undefined, this.#stop.signal)) {
        for (const event of events) this.#add(frameOf(event));
        while (!this.#isWanted && !this.#stop.signal.aborted) await this.#taken.promise;
      }
    } catch (error) {
      fault = error;
    }
    this.#over = { fault };
    this.#stop.abort();
    for (const { wake } of this.#followers) wake.resolve();
  }

  /** Whether somebody has taken everything, or nobody follows yet. */
  get #isWanted(): boolean {
    return this.#followers.size === 0 || [...this.#followers].some(({ next }) => next === this.#end);
  }

  #add(frame: EventFrame): void {
    this.#newestId = frame.id;
    this.#frames.push(frame);
    this.#end++;
    this.bytes += frame.bytes.length;
    this.#release();
    while (this.bytes > this.#needs.bytesMax && this.#frames.length > 1) this.shed();
    this.#needs.budget.check();
    for (const { wake } of this.#followers) wake.resolve();
  }

  /** Forgets what everybody has taken. */
  #release(): void {
    let oldest = this.#end;
    for (const { next } of this.#followers) oldest = Math.min(oldest, next);
    while (this.#first < oldest) {
      this.bytes -= this.#frames.shift()?.bytes.length ?? 0;
      this.#first++;
    }
    this.#taken.resolve();
    this.#taken = Promise.withResolvers();
  }

  /** Follows at once, before the first event is asked for. */
  #enter(drop: () => void): Follower {
    const follower: Follower = { next: this.#end, wake: Promise.withResolvers(), drop };
    this.#followers.add(follower);
    return follower;
  }

  async *#sendTo(follower: Follower, signal: AbortSignal): AsyncGenerator<EventFrame> {
    const wake = (): void => follower.wake.resolve();
    signal.addEventListener('abort', wake, { once: true });
    try {
      while (!signal.aborted) {
        const frame = this.#frames[follower.next - this.#first];
        if (frame) {
          yield frame;
          follower.next++;
          this.#release();
          continue;
        }
        if (this.#over?.fault !== undefined) throw this.#over.fault;
        if (this.#over) return;
        await follower.wake.promise;
        follower.wake = Promise.withResolvers();
      }
    } finally {
      signal.removeEventListener('abort', wake);
      this.#followers.delete(follower);
      this.#release();
    }
  }
}

/** The bytes of an event. */
export function frameOf(event: LiveEvent): EventFrame {
  const data =
    event.event === 'points' ? showLive(event.data) : { ...event.data, missed: event.data.missed ?? null };
  const text = `id: ${event.id}\nevent: ${event.event}\ndata: ${JSON.stringify(data)}\n\n`;
  return { id: event.id, bytes: Buffer.from(text) };
}

function keyOf(filters: readonly LiveFilter[]): string {
  return JSON.stringify(
    filters.map(({ tenant, project, device, metric }) =>
      [tenant, project, device, metric].map((part) => part ?? null),
    ),
  );
}
