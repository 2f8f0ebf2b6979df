import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import {
  type Clock,
  CodedError,
  type Counter,
  type Gauge,
  type Logger,
  type Meter,
  type Timer,
} from '@skerry/kernel';
import type { Scope, Subject } from '@skerry/model';
import type { FastifyReply } from 'fastify';
import type { Admission } from '../../admission.ts';
import type { Call } from '../../call.ts';
import { ApiError, invalidRequest } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import type { LiveEvent, LiveFilter, Platform } from '../../platform.ts';
import type { Model } from '../../schemas.ts';
import { intersect, narrowingOf } from '../../scoping.ts';
import { showLive } from '../../shape.ts';
import type { OverviewSampler } from '../overview/overview-sampler.ts';

const STREAM_TYPE = 'text/event-stream; charset=utf-8';
const REFUSED_TOPIC = 'a subscription names what cannot be seen';

/** What an event stream was asked for. */
export interface Subscriptions {
  readonly overview: boolean;
  readonly points: readonly LiveFilter[];
}

/** What the streams need. */
export interface StreamNeeds {
  readonly platform: Platform;
  readonly sampler: OverviewSampler;
  readonly admission: Pick<Admission, 'isStill'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** Bounds of one server's streams. */
export interface StreamBounds {
  readonly streamsMax: number;
  readonly bufferBytesMax: number;
}

/**
 * The open event streams. Output is bounded: a client that does not take its events loses the connection and resumes
 * from its last event id. Disposing ends all of them.
 */
export class EventStreams implements Disposable {
  readonly #needs: StreamNeeds;
  readonly #bounds: StreamBounds;
  /** With the request that each answers. */
  readonly #open = new Map<EventStream, Call<'openStream'>['request']>();
  readonly #heartbeat: Timer;
  readonly #gauge: Gauge;
  readonly #dropped: Counter;

  constructor(needs: StreamNeeds, bounds: StreamBounds) {
    this.#needs = needs;
    this.#bounds = bounds;
    this.#gauge = needs.meter.gauge('iot_api_streams', 'Event streams that are open.');
    this.#dropped = needs.meter.counter(
      'iot_api_streams_dropped_total',
      'Event streams closed because the client did not take its events.',
    );
    this.#heartbeat = needs.clock.startTicker(LIMITS.heartbeatMs.value, () => this.#beat());
  }

  /** Answers a request with an event stream. Fails with `too-many-streams` or `invalid-request`. */
  async open(call: Call<'openStream'>): Promise<FastifyReply> {
    const wanted = narrowed(call.query.subscribe, call.asker.subject);
    const overviewScopes = wanted.overview ? narrowingOf(call.asker.subject, 'platform:read') : undefined;
    if (this.#open.size >= this.#bounds.streamsMax) {
      throw new ApiError('too-many-streams', `${this.#open.size} streams are open, at most that many may be`);
    }
    const lastEventId = headerText(call.request.headers['last-event-id']) ?? call.query.lastEventId;
    if (call.request.method === 'HEAD') return call.reply.type(STREAM_TYPE).send(Readable.from([]));
    call.reply.hijack();
    const response = call.reply.raw;
    response.writeHead(200, {
      ...plainHeaders(call.reply),
      'content-type': STREAM_TYPE,
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const stream = new EventStream(response, this.#bounds.bufferBytesMax, () => this.#dropped.add(1));
    this.#open.set(stream, call.request);
    this.#gauge.set(this.#open.size);
    stream.write(`: open\nretry: 1000\n\n${wanted.refused.map(formatRefusedTopic).join('')}`);
    void this.#feed(stream, { ...wanted, overviewScopes }, lastEventId, call.signal);
    return call.reply;
  }

  [Symbol.dispose](): void {
    this.#heartbeat[Symbol.dispose]();
    for (const stream of this.#open.keys()) stream.end();
  }

  #beat(): void {
    for (const [stream, request] of this.#open) {
      stream.write(': alive\n\n');
      void this.#recheck(stream, request);
    }
  }

  /** Ends a stream whose session was idle for too long; what is taken away ends it at once, by the call's signal. */
  async #recheck(stream: EventStream, request: Call<'openStream'>['request']): Promise<void> {
    try {
      if (await this.#needs.admission.isStill(request)) return;
    } catch (error) {
      this.#needs.logger.log('warn', 'who reads an event stream could not be told', { error: String(error) });
    }
    stream.end();
  }

  async #feed(
    stream: EventStream,
    wanted: Subscriptions & { readonly overviewScopes: readonly Scope[] | undefined },
    lastEventId: string | undefined,
    signal: AbortSignal,
  ) {
    const { platform, sampler, logger } = this.#needs;
    const gone = AbortSignal.any([signal, stream.signal]);
    using subscriptions = new DisposableStack();
    if (wanted.overview) {
      subscriptions.use(
        sampler.subscribe(
          (overview) => stream.write(`event: overview\ndata: ${JSON.stringify(overview)}\n\n`),
          wanted.overviewScopes,
        ),
      );
    }
    let hasBegun = false;
    try {
      if (wanted.points.length > 0) {
        for await (const batch of platform.live(wanted.points, lastEventId, gone)) {
          hasBegun = true;
          stream.write(batch.map(formatEvent).join(''));
        }
      } else {
        await aborted(gone);
      }
    } catch (error) {
      const isRefusal = !hasBegun && lastEventId !== undefined;
      if (isRefusal) stream.write(formatRefusal(lastEventId, error));
      if (isRefusal && error instanceof CodedError && error.advice === 'give-up') {
        // what the client sent is at fault, and it was told
        logger.log('debug', 'event id refused', { code: error.code, detail: error.message });
      } else if (!gone.aborted) logger.log('warn', 'event stream failed', { error: String(error) });
    }
    stream.end();
    this.#open.delete(stream);
    this.#gauge.set(this.#open.size);
  }
}

/** One response that carries events. */
class EventStream {
  readonly #response: ServerResponse;
  readonly #bufferBytesMax: number;
  readonly #onDropped: () => void;
  readonly #gone = new AbortController();

  constructor(response: ServerResponse, bufferBytesMax: number, onDropped: () => void) {
    this.#response = response;
    this.#bufferBytesMax = bufferBytesMax;
    this.#onDropped = onDropped;
    response.on('close', () => this.#gone.abort());
    response.on('error', () => this.#gone.abort());
  }

  /** Aborted when the client is gone or was dropped. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  write(text: string): void {
    if (text === '' || this.#gone.signal.aborted) return;
    if (this.#response.writableLength + text.length > this.#bufferBytesMax) {
      this.#onDropped();
      this.#response.destroy();
      this.#gone.abort();
      return;
    }
    this.#response.write(text);
  }

  end(): void {
    this.#gone.abort();
    this.#response.end();
  }
}

function formatEvent(event: LiveEvent): string {
  const data =
    event.event === 'points' ? showLive(event.data) : { ...event.data, missed: event.data.missed ?? null };
  return `id: ${event.id}\nevent: ${event.event}\ndata: ${JSON.stringify(data)}\n\n`;
}

/** Says that one subscription carries nothing, as what it names does not exist for who asks. */
function formatRefusedTopic(subscribe: string): string {
  const refusal: Model<'StreamRefusal'> = { subscribe, code: 'not-found', detail: REFUSED_TOPIC };
  return `event: refused\ndata: ${JSON.stringify(refusal)}\n\n`;
}

/** A gap whose empty id makes the client forget the id that cannot be continued from, else it would ask for ever. */
function formatRefusal(after: string, error: unknown): string {
  const reason = error instanceof CodedError ? error.code : 'internal';
  return `id:\nevent: gap\ndata: ${JSON.stringify({ after, reason, missed: null })}\n\n`;
}

/** Reads what `subscribe` asks for. Fails with `invalid-request` naming the entry. */
export function readSubscriptions(texts: readonly string[]): Subscriptions {
  let overview = false;
  const points: LiveFilter[] = [];
  for (const [index, text] of texts.entries()) {
    if (text === 'overview') overview = true;
    else points.push(readPoints(text, index));
  }
  return { overview, points };
}

const PARTS = ['tenant', 'project', 'device', 'metric'] as const;

/**
 * What of the subscriptions lies in the subject's scope, and the texts of those that lie outside: they are refused one
 * by one. Fails with `not-found` where nothing is left to be sent.
 */
function narrowed(
  texts: readonly string[],
  subject: Subject,
): Subscriptions & { readonly refused: readonly string[] } {
  const { overview, points } = readSubscriptions(texts);
  const scopes = narrowingOf(subject, 'telemetry:read');
  const inside = points.map((filter) => intersect(filter, scopes));
  const refused = texts.filter((text) => text !== 'overview').filter((_, at) => inside[at]?.length === 0);
  if (refused.length === texts.length) throw new ApiError('not-found', REFUSED_TOPIC);
  return { overview, points: inside.flat(), refused };
}

function readPoints(text: string, index: number): LiveFilter {
  const pointer = `#/subscribe/${index}`;
  if (!text.startsWith('points')) {
    throw invalidRequest({ in: 'query', pointer, detail: 'is neither `overview` nor `points:…`' });
  }
  const raw = text === 'points' || text === 'points:' ? [] : text.slice('points:'.length).split('/');
  if (raw.length > PARTS.length || (raw.length > 0 && text[6] !== ':')) {
    throw invalidRequest({ in: 'query', pointer, detail: 'is not `points:tenant/project/device/metric`' });
  }
  const filter: { -readonly [K in keyof LiveFilter]: LiveFilter[K] } = {};
  for (const [at, part] of raw.entries()) {
    const name = PARTS[at];
    if (name && part !== '*') filter[name] = decodePart(part, pointer);
  }
  return filter;
}

function decodePart(part: string, pointer: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalidRequest({ in: 'query', pointer, detail: 'is not valid percent-encoding' });
  }
}

function headerText(value: string | string[] | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function plainHeaders(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
