import type { SeriesKey } from '@skerry/model';
import { ByteWriter } from '../chunk-bytes.ts';
import { type HeadColumns, TYPE_CODE } from '../head.ts';
import { headText } from '../shared-head.ts';
import type { PreparedPoints, SinkPoints, SinkRefusal } from '../sink.ts';
import { PointOrder } from './point-order.ts';
import { writeDigits, writeNanos } from './point-time.ts';

/** Lines of line protocol, by the order of their points. */
export interface PointLines extends PreparedPoints {
  /** UTF-8, a newline behind each line. */
  readonly text: Uint8Array<ArrayBuffer>;
  /** Where each line ends in `text`, its newline included. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** Offset and ordinal of the record of each line. */
  readonly offsets: Float64Array<ArrayBuffer>;
  readonly ordinals: Uint16Array<ArrayBuffer>;
  /** Points that line protocol cannot say. */
  readonly unsayable: readonly SinkRefusal[];
}

/** How points are named in InfluxDB. */
export interface LineNaming {
  /** One measurement for all, with the metric as a tag; the metric is the measurement when it is empty. */
  readonly measurement: string;
}

/** What a caller's lines are made with again and again, all of one naming. */
export class LineMemory {
  readonly writer = new ByteWriter();
  /** What the lines of a series begin with, by its very definition. */
  readonly heads = new WeakMap<SeriesKey, LineHead>();
}

type LineHead = Uint8Array | Unsayable;

const INT64_MAX = 9_223_372_036_854_775_807n;
const INT64_MIN = -9_223_372_036_854_775_808n;
const CONTROL = /\p{Cc}/u;
const LOOSE_BACKSLASH = /\\([, =]|$)/;
/** InfluxDB takes a backslash before a quote away, and keeps the one that a # at the start has got. */
const LOST_IN_MEASUREMENT = /\\"|^\\#/;
/** Measurements of InfluxQL's own: written, but never to be asked for. */
const OWN_MEASUREMENTS: ReadonlySet<string> = new Set([
  '_fieldKeys',
  '_measurements',
  '_name',
  '_series',
  '_tagKey',
  '_tagKeys',
  '_tags',
]);
const SPACE = 0x20;
const NEWLINE = 0x0a;
const MINUS = 0x2d;
const DOT = 0x2e;
const TIME_BYTES = 24;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * The points of a head as lines: docs/formats/influx.md. Series names are escaped once. A value that is not finite, a
 * time beyond the year 2255 and a name that line protocol has no way to write are told as refusals.
 */
export function pointLines(points: SinkPoints, naming: LineNaming, memory = new LineMemory()): PointLines {
  return new LineWriter(points, naming, memory).write();
}

/** A line without its newline. */
export function lineAt({ text, ends }: Pick<PointLines, 'text' | 'ends'>, line: number): string {
  return decoder.decode(text.subarray(line === 0 ? 0 : ends[line - 1], Number(ends[line]) - 1));
}

class LineWriter {
  readonly #points: SinkPoints;
  readonly #columns: HeadColumns;
  readonly #naming: LineNaming;
  readonly #memory: LineMemory;
  readonly #out: ByteWriter;
  /** By series id. */
  readonly #heads: (LineHead | undefined)[] = [];
  readonly #order: PointOrder;
  /** The time of the last point, written: points of one record mostly share theirs. */
  readonly #time = { micros: Number.NaN, offset: -1, bytes: new Uint8Array(TIME_BYTES), length: 0 };

  constructor(points: SinkPoints, naming: LineNaming, memory: LineMemory) {
    this.#points = points;
    this.#columns = points.view.columns;
    this.#naming = naming;
    this.#memory = memory;
    this.#out = memory.writer;
    this.#order = new PointOrder(points.view.columns, points.view.rows);
  }

  write(): PointLines {
    const { rows } = this.#points.view;
    const { offset, ordinal } = this.#columns;
    const { seals = [] } = this.#points;
    let seal = 0;
    const out = this.#out;
    const ends = new Uint32Array(rows);
    const offsets = new Float64Array(rows);
    const ordinals = new Uint16Array(rows);
    const unsayable: SinkRefusal[] = [];
    let lines = 0;
    let left = 0;
    out.reset();
    for (let row = 0; row < rows; row++) {
      if (row === seals[seal]) {
        this.#order.begin();
        seal++;
      }
      if (this.#points.isWanted?.(row) === false) {
        this.#order.markOf(row);
        left++;
        continue;
      }
      const start = out.length;
      const fault = this.#line(row);
      const place = { offset: Number(offset[row]), ordinal: Number(ordinal[row]) };
      if (fault) {
        out.length = start;
        unsayable.push({ ...place, ...fault });
        continue;
      }
      ends[lines] = out.length;
      offsets[lines] = place.offset;
      ordinals[lines] = place.ordinal;
      lines++;
    }
    const of = { ends: ends.subarray(0, lines), offsets, ordinals };
    return { points: rows - left, bytes: out.length + lines * 14, text: out.copy(), ...of, unsayable };
  }

  /** Writes the line of a row; returns it with the reason when it cannot be one. */
  #line(row: number): Unsayable | undefined {
    const { series: seriesOf, time, offset: offsetOf } = this.#columns;
    const series = Number(seriesOf[row]);
    const micros = Number(time[row]);
    const offset = Number(offsetOf[row]);
    const out = this.#out;
    const start = out.length;
    const head = this.#heads[series] ?? this.#headOf(series);
    const length = this.#timeOf(micros, offset);
    const mark = this.#order.markOf(row);
    if (head instanceof Uint8Array) out.append(head);
    if (mark !== '' && head instanceof Uint8Array) {
      out.length--; // the space behind the tags
      out.append(ascii(`,twin=${mark} `));
    }
    this.#fields(row);
    const reason = head instanceof Uint8Array ? this.#reason(row, length) : head.reason;
    if (reason !== undefined) {
      const shown = decoder.decode(out.bytes.subarray(start, out.length));
      const when = length > 0 ? decoder.decode(this.#time.bytes.subarray(0, length)) : `${micros}us`;
      return { line: `${head instanceof Uint8Array ? '' : `${head.line} `}${shown} ${when}`, reason };
    }
    const at = out.take(length + 2);
    const { bytes } = out;
    bytes[at] = SPACE;
    for (let i = 0; i < length; i++) bytes[at + 1 + i] = Number(this.#time.bytes[i]);
    bytes[at + 1 + length] = NEWLINE;
    return undefined;
  }

  #reason(row: number, timeLength: number): string | undefined {
    const { type, value, time } = this.#columns;
    if (type[row] === TYPE_CODE.number && !Number.isFinite(value[row]))
      return `found ${value[row]}, wanted a finite number`;
    if (timeLength > 0) return undefined;
    return `found the time ${time[row]} us, wanted whole microseconds before the year 2255`;
  }

  /** Writes the time of a point to `#time` where it is not there yet; returns its length. */
  #timeOf(micros: number, offset: number): number {
    const last = this.#time;
    if (last.micros === micros && last.offset === offset) return last.length;
    last.length = writeNanos(last.bytes, micros, offset);
    last.micros = micros;
    last.offset = offset;
    return last.length;
  }

  #fields(row: number): void {
    const { type, value: values } = this.#columns;
    const value = Number(values[row]);
    const out = this.#out;
    switch (type[row]) {
      case TYPE_CODE.number:
        out.append(VALUE);
        this.#number(value);
        return;
      case TYPE_CODE.boolean:
        out.append(value === 0 ? FALSE : TRUE);
        return;
      case TYPE_CODE.text:
        out.append(encoder.encode(`text="${headText(this.#columns, value).replace(/[\\"]/g, '\\$&')}"`));
        return;
      default:
        out.append(ascii(integerFields(headText(this.#columns, value))));
    }
  }

  /** A number as JavaScript writes it. Readings have three decimals at most as a rule, and need no text for that. */
  #number(value: number): void {
    const out = this.#out;
    const thousandths = Math.round(value * 1_000);
    const least = Math.abs(thousandths);
    if (thousandths / 1_000 !== value || least >= 2 ** 31 || Object.is(value, -0)) {
      out.append(ascii(Object.is(value, -0) ? '-0' : String(value)));
      return;
    }
    const whole = (least / 1_000) | 0;
    let decimals = 3;
    let part = least - whole * 1_000;
    for (; decimals > 0 && part % 10 === 0; decimals--) part = (part / 10) | 0;
    let digits = 1;
    for (let bound = 10; whole >= bound; bound *= 10) digits++;
    const sign = thousandths < 0 ? 1 : 0;
    const at = out.take(sign + digits + (decimals > 0 ? 1 + decimals : 0));
    const { bytes } = out;
    if (sign > 0) bytes[at] = MINUS;
    writeDigits(bytes, at + sign, digits, whole);
    if (decimals === 0) return;
    bytes[at + sign + digits] = DOT;
    writeDigits(bytes, at + sign + digits + 1, decimals, part);
  }

  #headOf(series: number): LineHead {
    const { heads } = this.#memory;
    const name = this.#points.nameOf(series);
    const head = (name && heads.get(name)) ?? lineHead(name, series, this.#naming);
    if (name) heads.set(name, head);
    this.#heads[series] = head;
    return head;
  }
}

/** What cannot be written, and why. */
export interface Unsayable {
  readonly line: string;
  readonly reason: string;
}

const VALUE = ascii('value=');
const FALSE = ascii('flag=f');
const TRUE = ascii('flag=t');

/** An exact integer stands in `exact`, beyond 64 bits in `digits`, and rounded in `value`, so that functions hold it too. */
function integerFields(digits: string): string {
  const exact = BigInt(digits);
  const isInt64 = exact >= INT64_MIN && exact <= INT64_MAX;
  return isInt64 ? `exact=${exact}i,value=${Number(exact)}` : `digits="${exact}",value=${Number(exact)}`;
}

/** Measurement and tags, and the space behind them. Tags stand by name, as InfluxDB sorts them. */
function lineHead(name: SeriesKey | undefined, series: number, naming: LineNaming): LineHead {
  if (!name) return { line: `series ${series}`, reason: 'found a series without a definition' };
  const { measurement } = naming;
  const tags = [
    ['device', name.device],
    ...(measurement === '' ? [] : [['metric', name.metric]]),
    ['project', name.project],
    ['tenant', name.tenant],
  ].filter(([, value]) => value !== '');
  const shown = tags.map(([tag, value]) => `,${tag}=${escapeTag(String(value))}`).join('');
  const line = `${escapeMeasurement(measurementOf(name.metric, naming))}${shown} `;
  const reason = whyUnsayable(name, naming);
  return reason === undefined ? encoder.encode(line) : { line: JSON.stringify(line), reason };
}

/** Why a series can be neither written nor asked for; undefined where it can. */
export function whyUnsayable(
  { tenant, project, device, metric }: SeriesKey,
  { measurement }: LineNaming,
): string | undefined {
  const wrong = [metric, device, project, tenant, measurement].find(
    (one) => CONTROL.test(one) || LOOSE_BACKSLASH.test(one),
  );
  if (wrong !== undefined)
    return `found the name ${JSON.stringify(wrong)}, wanted one without control characters, and without a backslash before a comma, a space, an equals sign or its end`;
  const own = measurement === '' ? metric : measurement;
  if (!LOST_IN_MEASUREMENT.test(own) && !OWN_MEASUREMENTS.has(own)) return undefined;
  return `found the measurement ${JSON.stringify(own)}, wanted one without a backslash before a quote, or before a # at its start, and none of ${[...OWN_MEASUREMENTS].join(', ')}; a metric may be so where \`measurement\` of the sink is set`;
}

function escapeTag(text: string): string {
  return text.replace(/[, =]/g, '\\$&');
}

/** A measurement of InfluxDB as line protocol writes it. */
export function escapeMeasurement(text: string): string {
  return text.replace(/[, ]/g, '\\$&');
}

/**
 * What the measurement of a metric is called in InfluxDB. A line that begins with # is a comment, and no server takes the
 * backslash before it away: it is part of the name.
 */
export function measurementOf(metric: string, { measurement }: LineNaming): string {
  const name = measurement === '' ? metric : measurement;
  return name.startsWith('#') ? `\\${name}` : name;
}

function ascii(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
