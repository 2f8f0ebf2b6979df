import type { SeriesKey } from '@skerry/model';
import { TYPE_CODE } from '../head.ts';
import { headText } from '../shared-head.ts';
import type { PreparedPoints, SinkPoints, SinkRefusal } from '../sink.ts';
import { pointNanos } from './point-time.ts';

/** Lines of line protocol, by the order of their points. */
export interface PointLines extends PreparedPoints {
  readonly lines: readonly string[];
  /** Offset and ordinal of the record of each line. */
  readonly offsets: Float64Array;
  readonly ordinals: Uint16Array;
  /** Points that line protocol cannot say. */
  readonly unsayable: readonly SinkRefusal[];
}

/** How points are named in InfluxDB. */
export interface LineNaming {
  /** One measurement for all, with the metric as a tag; the metric is the measurement when it is empty. */
  readonly measurement: string;
}

/** What the lines of a series begin with, from seal to seal: by the very definition, of one naming. */
export type LineHeads = WeakMap<SeriesKey, string | Unsayable>;

const INT64_MAX = 9_223_372_036_854_775_807n;
const INT64_MIN = -9_223_372_036_854_775_808n;
const CONTROL = /\p{Cc}/u;
const LOOSE_BACKSLASH = /\\([, =]|$)/;

/**
 * The points of a head as lines: docs/formats/influx.md. Series names are escaped once. A value that is not finite, a
 * time beyond the year 2255 and a name that line protocol has no way to write are told as refusals.
 */
export function pointLines(
  points: SinkPoints,
  naming: LineNaming,
  heads: LineHeads = new WeakMap(),
): PointLines {
  return new LineWriter(points, naming, heads).write();
}

class LineWriter {
  readonly #points: SinkPoints;
  readonly #naming: LineNaming;
  /** By series id: what a line begins with, or why it cannot be written. */
  readonly #heads: (string | Unsayable | undefined)[] = [];
  readonly #known: LineHeads;
  /** Last row of each series so far, and for each row the one before it of its series. */
  readonly #lastRows: number[] = [];
  readonly #previous: Int32Array;
  #time: { micros: number; offset: number; nanos: string | undefined } | undefined;

  constructor(points: SinkPoints, naming: LineNaming, heads: LineHeads) {
    this.#known = heads;
    this.#points = points;
    this.#naming = naming;
    this.#previous = new Int32Array(points.view.rows);
  }

  write(): PointLines {
    const { rows, columns } = this.#points.view;
    const lines: string[] = [];
    const offsets = new Float64Array(rows);
    const ordinals = new Uint16Array(rows);
    const unsayable: SinkRefusal[] = [];
    let bytes = 0;
    for (let row = 0; row < rows; row++) {
      const line = this.#line(row);
      const offset = Number(columns.offset[row]);
      const ordinal = Number(columns.ordinal[row]);
      if (typeof line === 'string') {
        offsets[lines.length] = offset;
        ordinals[lines.length] = ordinal;
        bytes += line.length;
        lines.push(line);
      } else unsayable.push({ offset, ordinal, line: line.line, reason: line.reason });
    }
    return { points: rows, bytes, lines, offsets, ordinals, unsayable };
  }

  #line(row: number): string | Unsayable {
    const { columns } = this.#points.view;
    const series = Number(columns.series[row]);
    const micros = Number(columns.time[row]);
    const offset = Number(columns.offset[row]);
    const head = this.#headOf(series);
    const twin = this.#twinOf(row, series, micros, offset);
    const fields = this.#fields(row);
    const nanos = twin === 0 ? this.#nanosOf(micros, offset) : pointNanos(micros, offset, twin);
    if (typeof head !== 'string') return { line: `${head.line} ${fields} ${micros}us`, reason: head.reason };
    if (fields === undefined) {
      const value = Number(columns.value[row]);
      return { line: `${head}value=${value} ${nanos}`, reason: `found ${value}, wanted a finite number` };
    }
    if (nanos === undefined)
      return {
        line: `${head}${fields} ${micros}us`,
        reason: `found the time ${micros} us, wanted whole microseconds before the year 2255`,
      };
    return `${head}${fields} ${nanos}`;
  }

  /** Points of one record mostly share their time. */
  #nanosOf(micros: number, offset: number): string | undefined {
    const last = this.#time;
    if (last !== undefined && last.micros === micros && last.offset === offset) return last.nanos;
    const nanos = pointNanos(micros, offset, 0);
    this.#time = { micros, offset, nanos };
    return nanos;
  }

  /** How many points of the same record, series and time come before this one. */
  #twinOf(row: number, series: number, micros: number, offset: number): number {
    const { columns } = this.#points.view;
    const last = this.#lastRows[series] ?? -1;
    this.#previous[row] = last;
    this.#lastRows[series] = row;
    let twins = 0;
    for (let at = last; at >= 0 && columns.offset[at] === offset; at = Number(this.#previous[at]))
      if (columns.time[at] === micros) twins++;
    return twins;
  }

  /** Undefined for a number that is not finite. */
  #fields(row: number): string | undefined {
    const { columns } = this.#points.view;
    const value = Number(columns.value[row]);
    switch (columns.type[row]) {
      case TYPE_CODE.number:
        return Number.isFinite(value) ? `value=${Object.is(value, -0) ? '-0' : value}` : undefined;
      case TYPE_CODE.boolean:
        return value === 0 ? 'flag=f' : 'flag=t';
      case TYPE_CODE.text:
        return `text="${headText(columns, value).replace(/[\\"]/g, '\\$&')}"`;
      default:
        return integerFields(headText(columns, value));
    }
  }

  #headOf(series: number): string | Unsayable {
    const known = this.#heads[series];
    if (known !== undefined) return known;
    const name = this.#points.nameOf(series);
    const head = (name && this.#known.get(name)) ?? lineHead(name, series, this.#naming);
    if (name) this.#known.set(name, head);
    this.#heads[series] = head;
    return head;
  }
}

/** What cannot be written, and why. */
export interface Unsayable {
  readonly line: string;
  readonly reason: string;
}

/** An exact integer stands in `exact`, beyond 64 bits in `digits`, and rounded in `value`, so that functions hold it too. */
function integerFields(digits: string): string {
  const exact = BigInt(digits);
  const isInt64 = exact >= INT64_MIN && exact <= INT64_MAX;
  return isInt64 ? `exact=${exact}i,value=${Number(exact)}` : `digits="${exact}",value=${Number(exact)}`;
}

/** Measurement and tags, and the space behind them. Tags stand by name, as InfluxDB sorts them. */
function lineHead(name: SeriesKey | undefined, series: number, naming: LineNaming): string | Unsayable {
  if (!name) return { line: `series ${series}`, reason: 'found a series without a definition' };
  const { measurement } = naming;
  const tags = [
    ['device', name.device],
    ...(measurement === '' ? [] : [['metric', name.metric]]),
    ['project', name.project],
    ['tenant', name.tenant],
  ].filter(([, value]) => value !== '');
  const wrong = [name.metric, name.device, name.project, name.tenant].find(
    (one) => CONTROL.test(one) || LOOSE_BACKSLASH.test(one),
  );
  const shown = tags.map(([tag, value]) => `,${tag}=${escapeTag(String(value))}`).join('');
  const line = `${escapeMeasurement(measurement === '' ? name.metric : measurement)}${shown} `;
  if (wrong === undefined) return line;
  return {
    line: JSON.stringify(line),
    reason: `found the name ${JSON.stringify(wrong)}, wanted one without control characters, and without a backslash before a comma, a space, an equals sign or its end`,
  };
}

function escapeTag(text: string): string {
  return text.replace(/[, =]/g, '\\$&');
}

/** A measurement as line protocol writes it. */
export function escapeMeasurement(text: string): string {
  // a line that begins with # is a comment
  return text.replace(/[, ]|^#/g, '\\$&');
}
