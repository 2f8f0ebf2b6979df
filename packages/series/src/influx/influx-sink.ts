import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import type { Clock, Histogram, Logger, Meter, Random } from '@skerry/kernel';
import { SeriesError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { PointSink, SinkPoints, SinkRefusal, SinkTrouble } from '../sink.ts';
import { InfluxApi, type InfluxPlace } from './influx-api.ts';
import {
  escapeMeasurement,
  LineMemory,
  type LineNaming,
  lineAt,
  type PointLines,
  pointLines,
} from './line-writer.ts';
import { prepareDatabase } from './retention.ts';

const zip = promisify(gzip);
const encoder = new TextEncoder();

/** A server that speaks line protocol, as a sink. */
export interface InfluxSinkOptions extends InfluxPlace, LineNaming {
  readonly name: string;
  readonly gzip: boolean;
  /** 1.x: makes the database where it is missing, and sees to its retention. 0 leaves both as they are. */
  readonly retentionHours: number;
}

/** What a sink needs from its process. */
export interface InfluxSinkNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/**
 * A sink over the write API of InfluxDB 1.x or 2.x. Nothing is asked before the first write; a server that is away is
 * waited for. Lines of one caller go out one request after the other, in order.
 */
export function openInfluxSink(options: InfluxSinkOptions, needs: InfluxSinkNeeds): PointSink<PointLines> {
  return new InfluxSink(options, needs);
}

type Body = Uint8Array<ArrayBuffer>;

/** The lines [from, to) of a seal. */
interface Span {
  readonly of: PointLines;
  readonly from: number;
  readonly to: number;
}

/** Lines one by one, and where each comes from: what a request is taken apart into when some of it is refused. */
interface Pending {
  readonly lines: readonly string[];
  readonly offsets: readonly number[];
  readonly ordinals: readonly number[];
}

class InfluxSink implements PointSink<PointLines> {
  readonly name: string;
  trouble: SinkTrouble | undefined;
  readonly #options: InfluxSinkOptions;
  readonly #needs: InfluxSinkNeeds;
  readonly #api: InfluxApi;
  readonly #seconds: Histogram;
  readonly #closing = new AbortController();
  readonly #memory = new LineMemory();
  #isPrepared = false;

  constructor(options: InfluxSinkOptions, needs: InfluxSinkNeeds) {
    this.name = options.name;
    this.#options = options;
    this.#needs = needs;
    this.#api = new InfluxApi(options);
    this.#seconds = needs.meter.histogram(
      'iot_sink_request_seconds',
      'Time of a request that writes points into a sink.',
      [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      { sink: this.name },
    );
  }

  prepare(points: SinkPoints): PointLines {
    return pointLines(points, this.#options, this.#memory);
  }

  async write(prepared: readonly PointLines[], signal: AbortSignal): Promise<SinkRefusal[]> {
    const either = AbortSignal.any([signal, this.#closing.signal]);
    const refusals = prepared.flatMap(({ unsayable }) => unsayable);
    const requests = [...requestsOf(prepared)];
    let body = requests[0] && this.#bodyOf(textOf(requests[0]));
    for (const [i, spans] of requests.entries()) {
      const own = await body;
      const next = requests[i + 1];
      // the next one is compressed while this one is on its way
      body = next && this.#bodyOf(textOf(next));
      const refused = own && (await this.#writeOnce(own, either));
      if (refused) refusals.push(...(await this.#narrow(pendingOf(spans), refused, either)));
    }
    return refusals;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
  }

  /** Writes ever smaller parts of lines that were refused together, until each refusal has its line. */
  async #narrow(whole: Pending, said: Refused, signal: AbortSignal): Promise<SinkRefusal[]> {
    const refusals: SinkRefusal[] = [];
    const left: { readonly part: Pending; readonly said?: Refused }[] = [{ part: whole, said }];
    for (let one = left.pop(); one; one = left.pop()) {
      const { part } = one;
      if (part.lines.length === 0) continue;
      const answer = one.said ?? (await this.#writeLines(part, signal));
      if (answer === undefined) continue;
      const { reason, dropped } = answer;
      if (part.lines.length === 1 || dropped === part.lines.length)
        refusals.push(...part.lines.map((line, i) => ({ ...placeOf(part, i), line, reason })));
      else left.push(...split(part, answer).map((half) => ({ part: half })));
    }
    return refusals;
  }

  async #writeLines({ lines }: Pending, signal: AbortSignal): Promise<Refused | undefined> {
    return await this.#writeOnce(await this.#bodyOf(encoder.encode(lines.join('\n'))), signal);
  }

  async #bodyOf(text: Body): Promise<Body> {
    return this.#options.gzip ? new Uint8Array(await zip(text, { level: constants.Z_BEST_SPEED })) : text;
  }

  /** Undefined when all was taken, else what the server said. Waits for a server that is away or busy. */
  async #writeOnce(body: Body, signal: AbortSignal): Promise<Refused | undefined> {
    const { clock } = this.#needs;
    for (let attempt = 0; ; attempt++) {
      signal.throwIfAborted();
      const startedMs = clock.monotonicMs();
      const fault = await this.#prepared(signal);
      const answer = fault ?? (await this.#api.write(body, this.#options.gzip ? 'gzip' : undefined, signal));
      if (answer.is !== 'failed') {
        this.#seconds.observe((clock.monotonicMs() - startedMs) / 1_000);
        this.#tellTrouble(undefined);
        this.#isPrepared = true;
        if (answer.is === 'taken') return undefined;
        if (answer.is === 'refused') return answer;
        return {
          reason: `the request of ${body.byteLength} bytes is larger than it takes`,
          dropped: undefined,
        };
      }
      this.#tellTrouble(answer.fault);
      await clock.sleep(answer.afterMs ?? this.#pauseMs(attempt), signal);
    }
  }

  /** The database is made and its retention seen to before the first lines, as often as that takes. */
  async #prepared(signal: AbortSignal): Promise<Failure | undefined> {
    const { version, database, retentionHours } = this.#options;
    if (this.#isPrepared || version !== 1 || retentionHours === 0) return undefined;
    try {
      const said = await prepareDatabase(this.#api, { database, retentionHours }, signal);
      if (said !== undefined)
        this.#needs.logger.log('warn', 'retention of a sink differs', { sink: this.name, said });
      this.#isPrepared = true;
      return undefined;
    } catch (fault) {
      if (!(fault instanceof SeriesError)) throw fault;
      // a user who may only write: the write itself tells whether it may, and whether there is a database
      if (fault.code === 'sink-not-allowed') return undefined;
      return { is: 'failed', fault, afterMs: undefined };
    }
  }

  #pauseMs(attempt: number): number {
    const most = Math.min(LIMITS.sinkPauseMsMax.value, 100 * 2 ** Math.min(attempt, 20));
    return (most / 2) * (1 + this.#needs.random.float());
  }

  #tellTrouble(fault: SeriesError | undefined): void {
    const before = this.trouble?.code;
    this.trouble = fault && { code: fault.code, detail: `sink ${this.name}: ${fault.message}` };
    if (before === fault?.code) return;
    const { logger } = this.#needs;
    if (fault) logger.log('warn', 'a sink takes no points', { sink: this.name, reason: fault.message });
    else logger.log('info', 'a sink takes points again', { sink: this.name });
  }
}

/** Lines that were not taken all. */
interface Refused {
  readonly reason: string;
  readonly dropped: number | undefined;
}

type Failure = { readonly is: 'failed'; readonly fault: SeriesError; readonly afterMs: undefined };

function placeOf({ offsets, ordinals }: Pending, i: number): { offset: number; ordinal: number } {
  return { offset: Number(offsets[i]), ordinal: Number(ordinals[i]) };
}

/** The lines of all seals together, in order, as many as one request carries. */
function* requestsOf(prepared: readonly PointLines[]): Generator<Span[]> {
  let spans: Span[] = [];
  let lines = 0;
  let bytes = 0;
  for (const of of prepared) {
    for (let from = 0; from < of.ends.length; ) {
      const to = roomFor(of, from, { lines, bytes });
      if (to === from) {
        yield spans;
        spans = [];
        lines = 0;
        bytes = 0;
        continue;
      }
      spans.push({ of, from, to });
      lines += to - from;
      bytes += endOf(of, to) - endOf(of, from);
      from = to;
    }
  }
  if (spans.length > 0) yield spans;
}

/** Up to which line of a seal a request has room, from `from` on; one line goes into an empty one in any case. */
function roomFor(of: PointLines, from: number, has: { readonly lines: number; readonly bytes: number }) {
  let to = Math.min(of.ends.length, from + LIMITS.sinkLinesMax.value - has.lines);
  const most = endOf(of, from) + LIMITS.sinkRequestBytesMax.value - has.bytes;
  while (to > from && endOf(of, to) > most) to--;
  return to === from && has.lines === 0 ? from + 1 : to;
}

/** Where so many lines of a seal end. */
function endOf({ ends }: PointLines, lines: number): number {
  return lines === 0 ? 0 : Number(ends[lines - 1]);
}

function textOf(spans: readonly Span[]): Body {
  const parts = spans.map(({ of, from, to }) => of.text.subarray(endOf(of, from), endOf(of, to)));
  const [first] = parts;
  if (first && parts.length === 1) return first;
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

function pendingOf(spans: readonly Span[]): Pending {
  const places = spans.flatMap(({ of, from, to }) =>
    Array.from({ length: to - from }, (_, i) => ({ of, at: from + i })),
  );
  return {
    lines: places.map(({ of, at }) => lineAt(of, at)),
    offsets: places.map(({ of, at }) => Number(of.offsets[at])),
    ordinals: places.map(({ of, at }) => Number(of.ordinals[at])),
  };
}

/**
 * Two parts of lines that were refused together: those that the reason speaks of, which the server then refuses with a
 * number that fits, and the others; else the two halves. The last one is written first.
 */
function split(part: Pending, answer: Refused): readonly [Pending, Pending] {
  const meant = meantBy(part.lines, answer);
  const found = meant?.filter(Boolean).length ?? 0;
  if (meant && found > 0 && found < part.lines.length)
    return [pick(part, (i) => meant[i] === true), pick(part, (i) => meant[i] !== true)];
  const half = part.lines.length >> 1;
  return [pick(part, (i) => i >= half), pick(part, (i) => i < half)];
}

/** Which lines a reason speaks of: those of a measurement and field, or the oldest ones. */
function meantBy(lines: readonly string[], { reason, dropped }: Refused): boolean[] | undefined {
  const conflict = /input field "(.*?)" on measurement "(.*)" is type/.exec(reason);
  if (conflict) {
    const [, field = '', measurement = ''] = conflict;
    const start = escapeMeasurement(measurement);
    return lines.map(
      (line) =>
        line.startsWith(start) && /^[, ]/.test(line.slice(start.length)) && line.includes(`${field}=`),
    );
  }
  if (dropped === undefined || !reason.includes('retention policy')) return undefined;
  const times = lines.map((line) => BigInt(line.slice(line.lastIndexOf(' ') + 1)));
  const newest = [...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[dropped - 1];
  return newest === undefined ? undefined : times.map((time) => time <= newest);
}

function pick({ lines, offsets, ordinals }: Pending, has: (i: number) => boolean): Pending {
  const isIn = (_: unknown, i: number) => has(i);
  return { lines: lines.filter(isIn), offsets: offsets.filter(isIn), ordinals: ordinals.filter(isIn) };
}
