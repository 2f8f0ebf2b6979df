import { Agent as HttpAgent, type IncomingMessage, request as requestHttp } from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Clock, Timer } from '../clock.ts';
import { LIMITS } from '../limits.ts';
import type { Logger } from '../logger.ts';
import type { Meter } from '../meter.ts';
import { encodeOtlp, type OtlpSource, rejectedSpans } from '../otlp.ts';
import type { Random } from '../random.ts';
import { SpanQueue } from '../span-queue.ts';
import type { Span, Tracer } from '../tracer.ts';

/** Where spans go, and which. */
export interface OtlpOptions extends OtlpSource {
  /** Address of OTLP/HTTP: http:// or https://; the path is added where it has none. */
  readonly url: string;
  /** Certificate authorities, PEM; those of the system when absent. */
  readonly authority?: string;
  /** Header fields of each request, asked for again for each. */
  readonly headers?: () => Readonly<Record<string, string>>;
  /** Share of the records without a trace context that begin a trace. */
  readonly ratio: number;
}

/** What an exporter works with. */
export interface OtlpNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** What a collector said. */
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterMs: number | undefined;
}

const PATH = '/v1/traces';
const FIRST_PAUSE_MS = 500;
const PAUSE_MS_MAX = 10_000;
/** Answers after which OTLP says that the same request may be made again. */
const PASSING: readonly number[] = [429, 502, 503, 504];

/**
 * Tells spans to a collector by OTLP/HTTP with JSON, in batches, in the background. A collector that is away, slow or
 * refuses costs spans, which are counted, and nothing else. Disposing tells what waits, for two seconds at most.
 */
export function openOtlpTracer(options: OtlpOptions, needs: OtlpNeeds): Tracer & AsyncDisposable {
  return new OtlpExporter(options, needs);
}

class OtlpExporter implements Tracer, AsyncDisposable {
  readonly begins: Tracer['begins'];
  readonly open: Tracer['open'];
  readonly finish: Tracer['finish'];
  readonly #options: OtlpOptions;
  readonly #needs: OtlpNeeds;
  readonly #queue: SpanQueue;
  readonly #url: URL;
  readonly #agent: HttpAgent;
  readonly #stop = new AbortController();
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #isClosing = false;
  #trouble: string | undefined;

  constructor(options: OtlpOptions, needs: OtlpNeeds) {
    this.#options = options;
    this.#needs = needs;
    this.#queue = new SpanQueue(options.ratio, needs);
    this.#url = new URL(options.url);
    if (this.#url.pathname === '/') this.#url.pathname = PATH;
    const pool = { keepAlive: true, maxSockets: 1 };
    const { authority: ca } = options;
    this.#agent =
      this.#url.protocol === 'https:'
        ? new HttpsAgent({ ...pool, ...(ca === undefined ? {} : { ca }) })
        : new HttpAgent(pool);
    const queue = this.#queue;
    this.begins = () => queue.begins();
    this.open = (parent) => queue.open(parent);
    this.finish = (span) => queue.finish(span);
    queue.onSpan(() => this.#wake());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosing = true;
    this.#timer?.[Symbol.dispose]();
    const late = this.#needs.clock.startTimer(LIMITS.spanFarewellMs.value, () => this.#stop.abort());
    await this.#sending;
    await this.#drain();
    late[Symbol.dispose]();
    if (!this.#stop.signal.aborted) this.#stop.abort();
    this.#agent.destroy();
  }

  /** A batch that is full goes at once, another after a while. */
  #wake(): void {
    if (this.#sending || this.#isClosing) return;
    if (this.#queue.length >= LIMITS.spanBatchMax.value) this.#begin();
    else this.#timer ??= this.#needs.clock.startTimer(LIMITS.spanWaitMs.value, () => this.#begin());
  }

  #begin(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    if (this.#sending) return;
    this.#sending = this.#drain().finally(() => {
      this.#sending = undefined;
    });
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) await this.#send(this.#queue.take(LIMITS.spanBatchMax.value));
  }

  /** Tells a batch, a few times over; then it is lost. */
  async #send(spans: readonly Span[]): Promise<void> {
    const body = encodeOtlp(spans, this.#options);
    let pauseMs = FIRST_PAUSE_MS;
    const { signal } = this.#stop;
    for (let tries = 1; !signal.aborted; tries++) {
      const answer = await this.#post(body).catch((error: unknown) => reasonOf(error));
      if (typeof answer === 'object' && answer.status >= 200 && answer.status < 300)
        return this.#taken(spans.length, answer.text);
      const why =
        typeof answer === 'string' ? answer : `it answered ${answer.status} ${answer.text.slice(0, 200)}`;
      if (typeof answer === 'object' && !PASSING.includes(answer.status)) {
        this.#tell(why);
        return this.#queue.lost('refused', spans.length);
      }
      this.#tell(why);
      // while the process ends there is no time to try again
      if (tries >= LIMITS.spanTriesMax.value || this.#isClosing) break;
      const asked = typeof answer === 'object' ? answer.retryAfterMs : undefined;
      await this.#needs.clock.sleep(Math.min(PAUSE_MS_MAX, asked ?? pauseMs), signal);
      pauseMs *= 2;
    }
    this.#queue.lost('unreachable', spans.length);
  }

  #taken(count: number, text: string): void {
    const { count: rejected, why } = rejectedSpans(text);
    const lost = Math.min(count, rejected);
    this.#queue.told(count - lost);
    if (lost > 0) {
      this.#queue.lost('refused', lost);
      this.#tell(`it refused ${lost} of ${count} spans: ${why}`);
      return;
    }
    if (this.#trouble !== undefined) this.#needs.logger.log('info', 'The collector takes spans again', {});
    this.#trouble = undefined;
  }

  /** Each trouble once, until it is over. */
  #tell(reason: string): void {
    if (this.#trouble === undefined)
      this.#needs.logger.log('warn', 'Spans cannot be told; they are dropped', {
        url: this.#url.href,
        reason,
      });
    this.#trouble = reason;
  }

  async #post(body: string): Promise<Answer> {
    const isTls = this.#url.protocol === 'https:';
    const over = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(LIMITS.spanAnswerMs.value)]);
    const bytes = Buffer.from(body);
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent = (isTls ? requestHttps : requestHttp)(
      this.#url,
      {
        method: 'POST',
        agent: this.#agent,
        signal: over,
        headers: {
          ...this.#options.headers?.(),
          'content-type': 'application/json',
          'content-length': bytes.length,
        },
      },
      resolve,
    );
    sent.on('error', reject);
    sent.end(bytes);
    const response = await promise;
    const text = await textOf(response);
    return { status: response.statusCode ?? 0, text, retryAfterMs: retryAfter(response) };
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of response) {
    bytes += part.length;
    if (bytes <= LIMITS.spanAnswerBytes.value) parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function retryAfter({ headers }: IncomingMessage): number | undefined {
  const secs = Number(headers['retry-after']);
  return Number.isFinite(secs) && secs >= 0 ? secs * 1_000 : undefined;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message || error.name : String(error);
}
