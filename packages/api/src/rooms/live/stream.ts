import { Readable } from 'node:stream';
import { type Clock, CodedError, type Counter, type Logger, type Meter, type Timer } from '@skerry/kernel';
import type { Scope } from '@skerry/model';
import type { FastifyReply } from 'fastify';
import type { Admission } from '../../admission.ts';
import type { Call } from '../../call.ts';
import { LIMITS } from '../../limits.ts';
import type { LiveFilter, Platform } from '../../platform.ts';
import type { Model } from '../../schemas.ts';
import { narrowingOf } from '../../scoping.ts';
import { ShareGate } from '../../share-gate.ts';
import type { OverviewSampler } from '../overview/overview-sampler.ts';
import { EventBudget } from './event-budget.ts';
import { EventStream } from './event-stream.ts';
import { type EventFrame, type FeedPlace, frameOf, PointFeeds } from './point-feed.ts';
import { narrowedSubscriptions, REFUSED_TOPIC, type Subscriptions } from './subscriptions.ts';

const STREAM_TYPE = 'text/event-stream; charset=utf-8';

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
  /** Bytes of events that the streams of the same filters keep for those that have not taken them. */
  readonly bufferBytesMax: number;
}

/** What one stream is sent. */
interface Wanted extends Subscriptions {
  readonly overviewScopes: readonly Scope[] | undefined;
  readonly lastEventId: string | undefined;
}

/**
 * The open event streams. Output is bounded, for all of them together too: a client that does not take its events loses
 * the connection and resumes from its last event id. Disposing ends all of them.
 */
export class EventStreams implements Disposable {
  readonly #needs: StreamNeeds;
  readonly #gate: ShareGate;
  readonly #budget = new EventBudget(LIMITS.streamsBytesMax.value);
  readonly #feeds: PointFeeds;
  /** With the request that each answers. */
  readonly #open = new Map<EventStream, Call<'openStream'>['request']>();
  readonly #heartbeat: Timer;
  readonly #dropped: Counter;

  constructor(needs: StreamNeeds, { streamsMax, bufferBytesMax }: StreamBounds) {
    this.#needs = needs;
    const gauge = needs.meter.gauge('iot_api_streams', 'Event streams that are open.');
    this.#gate = new ShareGate(
      { what: 'streams', fault: 'too-many-streams', gauge },
      {
        max: streamsMax,
        subjectMax: LIMITS.streamsSubjectMax.value,
        tenantMax: LIMITS.streamsTenantMax.value,
      },
    );
    this.#feeds = new PointFeeds({
      platform: needs.platform,
      budget: this.#budget,
      bytesMax: bufferBytesMax,
    });
    this.#dropped = needs.meter.counter(
      'iot_api_streams_dropped_total',
      'Event streams closed because the client did not take its events.',
    );
    this.#heartbeat = needs.clock.startTicker(LIMITS.heartbeatMs.value, () => this.#beat());
  }

  /** Answers a request with an event stream. Fails with `too-many-streams` or `invalid-request`. */
  async open(call: Call<'openStream'>): Promise<FastifyReply> {
    const { subject } = call.asker;
    const wanted = narrowedSubscriptions(call.query.subscribe, subject);
    const overviewScopes = wanted.overview ? narrowingOf(subject, 'platform:read') : undefined;
    const lastEventId = headerText(call.request.headers['last-event-id']) ?? call.query.lastEventId;
    const place = this.#gate.enter(subject);
    if (call.request.method === 'HEAD') {
      place[Symbol.dispose]();
      return call.reply.type(STREAM_TYPE).send(Readable.from([]));
    }
    call.reply.hijack();
    const response = call.reply.raw;
    response.writeHead(200, {
      ...plainHeaders(call.reply),
      'content-type': STREAM_TYPE,
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    const stream = new EventStream(response, this.#needs.clock);
    this.#open.set(stream, call.request);
    void stream.write(
      Buffer.from(`: open\nretry: 1000\n\n${wanted.refused.map(formatRefusedTopic).join('')}`),
    );
    void this.#serve(stream, { ...wanted, overviewScopes, lastEventId }, call.signal, place);
    return call.reply;
  }

  [Symbol.dispose](): void {
    this.#heartbeat[Symbol.dispose]();
    for (const stream of this.#open.keys()) stream.end();
  }

  #beat(): void {
    for (const [stream, request] of this.#open) {
      if (stream.waitingMs >= LIMITS.streamPatienceMs.value) {
        this.#drop(stream);
        continue;
      }
      stream.offer('alive', ': alive\n\n');
      void this.#recheck(stream, request);
    }
  }

  #drop(stream: EventStream): void {
    if (stream.signal.aborted) return;
    this.#dropped.add(1);
    stream.drop();
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

  async #serve(stream: EventStream, wanted: Wanted, signal: AbortSignal, place: Disposable): Promise<void> {
    using _ = place;
    const gone = AbortSignal.any([signal, stream.signal]);
    using subscriptions = new DisposableStack();
    if (wanted.overview) {
      subscriptions.use(
        this.#needs.sampler.subscribe(
          (overview) => stream.offer('overview', `event: overview\ndata: ${JSON.stringify(overview)}\n\n`),
          wanted.overviewScopes,
        ),
      );
    }
    try {
      if (wanted.points.length > 0) await this.#sendPoints(stream, wanted.points, wanted.lastEventId, gone);
      else await aborted(gone);
    } catch (error) {
      if (!gone.aborted) this.#needs.logger.log('warn', 'event stream failed', { error: String(error) });
    }
    stream.end();
    this.#open.delete(stream);
  }

  async #sendPoints(
    stream: EventStream,
    filters: readonly LiveFilter[],
    lastEventId: string | undefined,
    gone: AbortSignal,
  ): Promise<void> {
    using place = this.#feeds.join(filters);
    const frames =
      lastEventId === undefined
        ? place.follow(gone, () => this.#drop(stream))
        : await this.#catchUp(stream, place, filters, lastEventId, gone);
    for await (const { bytes } of frames ?? []) await stream.write(bytes);
  }

  /**
   * Sends what came behind an event, by a subscription of its own, until the feed of all stands at the same event; from
   * there on it is followed. Undefined when the stream ended before.
   */
  async #catchUp(
    stream: EventStream,
    place: FeedPlace,
    filters: readonly LiveFilter[],
    lastEventId: string,
    gone: AbortSignal,
  ): Promise<AsyncIterable<EventFrame> | undefined> {
    const drop = (): void => this.#drop(stream);
    const holder = {
      bytes: 0,
      shed: () => {
        holder.bytes = 0;
        drop();
      },
    };
    using _ = this.#budget.enter(holder);
    let hasBegun = false;
    try {
      for await (const events of this.#needs.platform.live(filters, lastEventId, gone)) {
        hasBegun = true;
        for (const event of events) {
          const { id, bytes } = frameOf(event);
          holder.bytes = bytes.length;
          this.#budget.check();
          await stream.write(bytes);
          holder.bytes = 0;
          const frames = place.followBehind(id, gone, drop);
          if (frames) return frames;
        }
      }
    } catch (error) {
      if (hasBegun) throw error;
      await stream.write(Buffer.from(formatRefusal(lastEventId, error)));
      if (!(error instanceof CodedError && error.advice === 'give-up')) throw error;
      // what the client sent is at fault, and it was told
      this.#needs.logger.log('debug', 'event id refused', { code: error.code, detail: error.message });
    }
    return undefined;
  }
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
