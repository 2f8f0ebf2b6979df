import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';
import type { Overview, StreamPoints } from '../generated/client.ts';

/** State of the connection as the page shows it; `stale`: the server is connected and sends no figures. */
export type LiveState = 'connecting' | 'live' | 'stale' | 'disconnected' | 'paused';

/** What the stream tells its subscribers. */
export type LiveMessage =
  | { readonly event: 'overview'; readonly data: Overview }
  | { readonly event: 'points'; readonly data: StreamPoints };

/** Events are handed on at most this often, so that no widget draws more than four times a second. */
const FLUSH_MS = 250;
const RETRY_MS = 2_000;
/** Messages held between two hand-overs; beyond it the state is fetched again instead. */
const HELD_MAX = 2_000;
/** The figures of the platform come once a second; without any for this long nothing shown is called current. */
const STALE_MS = 10_000;

/**
 * The one event stream of the page. Subscriptions share it; it is opened again when they change, closed while the tab
 * is hidden, and `epoch` grows whenever something may have been missed, so that state is fetched again.
 */
class LiveStream {
  readonly #topics = new Map<string, number>();
  readonly #readers = new Set<(messages: readonly LiveMessage[]) => void>();
  readonly #watchers = new Set<() => void>();
  #source: EventSource | undefined;
  #held: LiveMessage[] = [];
  #isReopening = false;
  #isInterrupted = false;
  #retry: number | undefined;
  #lastId = '';
  /** When figures came last, or were first waited for (ms). */
  #figuresAt = Date.now();
  state: LiveState = 'connecting';
  epoch = 0;

  constructor() {
    document.addEventListener('visibilitychange', () => this.#reopenSoon());
    window.setInterval(() => {
      this.#flush();
      this.#judge();
    }, FLUSH_MS);
  }

  subscribe(topic: string, read: (messages: readonly LiveMessage[]) => void): () => void {
    this.#topics.set(topic, (this.#topics.get(topic) ?? 0) + 1);
    this.#readers.add(read);
    if (this.#topics.get(topic) === 1) this.#reopenSoon();
    return () => {
      this.#readers.delete(read);
      const left = (this.#topics.get(topic) ?? 1) - 1;
      if (left > 0) this.#topics.set(topic, left);
      else this.#topics.delete(topic);
      if (left === 0) this.#reopenSoon();
    };
  }

  watch(tell: () => void): () => void {
    this.#watchers.add(tell);
    return () => this.#watchers.delete(tell);
  }

  #reopenSoon(): void {
    if (this.#isReopening) return;
    this.#isReopening = true;
    queueMicrotask(() => {
      this.#isReopening = false;
      this.#reopen();
    });
  }

  #reopen(): void {
    this.#source?.close();
    this.#source = undefined;
    window.clearTimeout(this.#retry);
    if (document.hidden) {
      this.#isInterrupted = true;
      this.#become('paused');
      return;
    }
    if (this.#topics.size === 0) return;
    const query = [...this.#topics.keys()].map((topic) => `subscribe=${encodeURIComponent(topic)}`).join('&');
    // without an id to continue from, what came before the opening is fetched
    if (this.#lastId === '') this.#isInterrupted = true;
    const resume = this.#lastId === '' ? '' : `&lastEventId=${encodeURIComponent(this.#lastId)}`;
    const source = new EventSource(`/api/v1/stream?${query}${resume}`);
    this.#source = source;
    if (this.state === 'paused' || this.state === 'disconnected') this.#figuresAt = Date.now();
    if (this.state !== 'live' && this.state !== 'stale') this.#become('connecting');
    source.onopen = () => this.#opened();
    source.onerror = () => this.#broke(source);
    source.addEventListener('overview', (event) => {
      this.#current();
      this.#hold({ event: 'overview', data: JSON.parse(event.data) });
    });
    source.addEventListener('points', (event) => {
      this.#lastId = event.lastEventId;
      this.#hold({ event: 'points', data: JSON.parse(event.data) });
    });
    source.addEventListener('gap', (event) => {
      this.#lastId = event.lastEventId;
      this.#missed();
    });
  }

  #opened(): void {
    if (this.#isInterrupted) this.#missed();
    this.#isInterrupted = false;
    if (this.state === 'stale') return;
    this.#figuresAt = Date.now();
    this.#become('live');
  }

  /** Figures have come. After a time without, what was asked for meanwhile is asked for again. */
  #current(): void {
    this.#figuresAt = Date.now();
    if (this.state !== 'stale') return;
    this.#become('live');
    this.#missed();
  }

  #judge(): void {
    const isWaiting = this.state === 'live' || this.state === 'connecting';
    if (isWaiting && this.#topics.size > 0 && Date.now() - this.#figuresAt >= STALE_MS) this.#become('stale');
  }

  #broke(source: EventSource): void {
    if (source !== this.#source) return;
    this.#isInterrupted = true;
    this.#become('disconnected');
    // the browser tries again by itself unless the answer was an error
    if (source.readyState === EventSource.CLOSED)
      this.#retry = window.setTimeout(() => this.#reopen(), RETRY_MS);
  }

  #missed(): void {
    this.epoch++;
    for (const tell of this.#watchers) tell();
  }

  #hold(message: LiveMessage): void {
    this.#held.push(message);
    if (this.#held.length <= HELD_MAX) return;
    this.#held = [];
    this.#missed();
  }

  #flush(): void {
    if (this.#held.length === 0) return;
    const messages = this.#held;
    this.#held = [];
    for (const read of this.#readers) read(messages);
  }

  #become(state: LiveState): void {
    if (this.state === state) return;
    this.state = state;
    for (const tell of this.#watchers) tell();
  }
}

const stream = new LiveStream();
const watch = (tell: () => void) => stream.watch(tell);

/** The state of the connection. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(watch, () => stream.state);
}

/** Whether what is shown may be out of date: the connection is lost, or no figures come. */
export function useIsStale(): boolean {
  const state = useLiveState();
  return state === 'stale' || state === 'disconnected';
}

/** Grows whenever events may have been missed. */
export function useLiveEpoch(): number {
  return useSyncExternalStore(watch, () => stream.epoch);
}

/** Reads what the stream says while the widget is shown; each topic as the API's `subscribe`. */
export function useLive(topics: readonly string[], read: (messages: readonly LiveMessage[]) => void): void {
  const onMessages = useEffectEvent(read);
  const wanted = topics.join(' ');
  useEffect(() => {
    const ends = wanted
      .split(' ')
      .filter((topic) => topic !== '')
      .map((topic, index) => stream.subscribe(topic, (messages) => index === 0 && onMessages(messages)));
    return () => {
      for (const end of ends) end();
    };
  }, [wanted]);
}

/** The topic of one device's points. */
export function topicOf(key: {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
}): string {
  return `points:${[key.tenant, key.project, key.device].map(encodeURIComponent).join('/')}`;
}
