import { ApiProblem } from './errors.ts';
import { LIMITS } from './limits.ts';
import { timerPause } from './pause.ts';
import { isAbort, textLines } from './text-lines.ts';
import {
  type CallOptions,
  type ClientOptions,
  type OperationShape,
  type Parameters,
  send,
} from './transport.ts';

/** One event as it came. */
export interface PlainEvent {
  /** Empty for an event that cannot be continued after. */
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** How an event stream is followed. */
export interface FollowOptions extends CallOptions {
  /** Goes on after this id. */
  readonly lastEventId?: string | undefined;
  /** False: ends with its first connection. */
  readonly isResumed?: boolean;
  /** Hears that a connection is open, and that it was lost and for which fault (none: it ended in order). */
  readonly onConnection?: (change: 'open' | 'lost', fault?: ApiProblem) => void;
}

const PAUSE_MS = 250;

/**
 * Events over any number of connections, each opened after the last id that was seen, so that nothing is missed or seen
 * twice but what an event `gap` tells. Ends when `signal` is aborted. Fails as the first connection does; later only when
 * the server refuses for good.
 */
export async function* followEvents(
  client: ClientOptions,
  shape: OperationShape,
  parameters: Parameters,
  options: FollowOptions = {},
): AsyncGenerator<PlainEvent> {
  const end = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, end.signal]) : end.signal;
  const pause = client.pause ?? timerPause;
  let lastEventId = options.lastEventId ?? '';
  let failures = 0;
  let hasBegun = false;
  try {
    while (!signal.aborted) {
      let fault: ApiProblem | undefined;
      try {
        for await (const event of connection(client, shape, parameters, {
          ...options,
          signal,
          lastEventId,
        })) {
          if (event === 'open') {
            hasBegun = true;
            options.onConnection?.('open');
            continue;
          }
          failures = 0;
          if (event.id !== undefined) lastEventId = event.id;
          yield { ...event, id: event.id ?? '' };
        }
      } catch (cause) {
        if (signal.aborted) return;
        if (!(cause instanceof ApiProblem) || !hasBegun || !cause.isPassing) throw cause;
        fault = cause;
      }
      if (signal.aborted || options.isResumed === false) return;
      options.onConnection?.('lost', fault);
      const pauseMs = Math.min(PAUSE_MS * 2 ** failures++, LIMITS.pauseMsMax.value);
      await pause(Math.max(pauseMs, (fault?.retryAfterSecs ?? 0) * 1_000), signal);
    }
  } finally {
    end.abort();
  }
}

interface ConnectionOptions extends CallOptions {
  readonly signal: AbortSignal;
  readonly lastEventId: string;
}

/** `open`, then the events of one connection, which is given up when it falls silent. */
async function* connection(
  client: ClientOptions,
  shape: OperationShape,
  parameters: Parameters,
  { signal, lastEventId, headers }: ConnectionOptions,
): AsyncGenerator<'open' | (Omit<PlainEvent, 'id'> & { readonly id: string | undefined })> {
  const silence = new AbortController();
  const response = await send(client, shape, parameters, 'text/event-stream', {
    signal: AbortSignal.any([signal, silence.signal]),
    headers: { ...headers, ...(lastEventId === '' ? {} : { 'last-event-id': lastEventId }) },
  });
  yield 'open';
  const lines = watched(textLines(response), client, signal, () => silence.abort());
  try {
    yield* readEvents(lines);
  } catch (cause) {
    if (!silence.signal.aborted || !isAbort(cause)) throw cause;
  } finally {
    silence.abort();
  }
}

/** The lines, of which each must come in time after the one before. */
async function* watched(
  lines: AsyncGenerator<string>,
  client: ClientOptions,
  signal: AbortSignal,
  giveUp: () => void,
): AsyncGenerator<string> {
  const pause = client.pause ?? timerPause;
  for (;;) {
    const heard = new AbortController();
    const waiting = pause(LIMITS.silenceMs.value, AbortSignal.any([signal, heard.signal]));
    void waiting.then(() => {
      if (!heard.signal.aborted && !signal.aborted) giveUp();
    });
    const next = await lines.next().finally(() => heard.abort());
    if (next.done) return;
    yield next.value;
  }
}

/** Events by the rules of HTML, 9.2.6; `id` is undefined where an event has none. */
async function* readEvents(
  lines: AsyncIterable<string>,
): AsyncGenerator<Omit<PlainEvent, 'id'> & { readonly id: string | undefined }> {
  let id: string | undefined;
  let event = '';
  let parts: string[] = [];
  for await (const line of lines) {
    if (line === '') {
      if (parts.length > 0) yield { id, event: event || 'message', data: JSON.parse(parts.join('\n')) };
      id = undefined;
      event = '';
      parts = [];
      continue;
    }
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
    if (field === 'id') id = value;
    else if (field === 'event') event = value;
    else if (field === 'data') parts.push(value);
  }
}
