import type { PointValue } from '@skerry/model';
import { badName, DecodeFault, tooMany } from '../decode-fault.ts';
import type { DecodedRecord } from '../decoded-record.ts';
import { LIMITS } from '../limits.ts';
import { isValidId, isValidMetricName } from '../topic-template.ts';
import { MessageWriter } from './message-writer.ts';

/** Media type of SenML as JSON (RFC 8428). */
export const SENML_TYPE = 'application/senml+json';

/** Where a pack belongs, as far as its topic tells. */
export interface SenmlPlace {
  /** Goes before every metric name; empty for none. */
  readonly prefix: string;
  /** Undefined when the topic names no device: then the base name does. */
  readonly device: string | undefined;
  readonly receivedMicros: number;
}

interface Base {
  name: string;
  time: number;
  unit: string;
  value: number;
  sum: number;
}

interface Entry {
  readonly base: string;
  readonly name: string;
  readonly micros: number;
  readonly unit: string;
  readonly values: readonly (readonly [suffix: string, value: PointValue])[];
}

type Fields = Readonly<Record<string, unknown>>;

/** Times below this many seconds are relative to the receipt (RFC 8428, 4.5.3). */
const ABSOLUTE_SECS = 2 ** 28;
const VERSION = 10;
const KNOWN_BASES = ['bn', 'bt', 'bu', 'bv', 'bs', 'bver'];

/**
 * Decodes SenML as JSON (RFC 8428): base fields, relative times, sums, numbers, texts, truth values and data (kept as the
 * base64 text it is). Where the topic names the device, a metric is the name of its record, `value` without one, and the
 * whole name when several base names are in one pack; else the base name, separators at its end left out and `.` in the
 * place of `/`, is the device. A sum is the metric with `.sum`.
 */
export class SenmlDecoder {
  readonly #into: DecodedRecord;
  readonly #writer = new MessageWriter();

  constructor(into: DecodedRecord) {
    this.#into = into;
  }

  /** Decodes bytes [start, end) into the record given to the constructor; returns why not, where it cannot. */
  decode(bytes: Uint8Array, start: number, end: number, place: SenmlPlace): DecodeFault | undefined {
    this.#into.clear();
    try {
      this.#fill(entriesOf(packOf(bytes.subarray(start, end)), place.receivedMicros), place);
      return undefined;
    } catch (fault) {
      if (fault instanceof DecodeFault) return fault;
      throw fault;
    }
  }

  #fill(entries: readonly Entry[], { prefix, device }: SenmlPlace): void {
    const isOneBase = entries.every(({ base }) => base === entries[0]?.base);
    const units = new Map<string, string>();
    const messages: { device: string; micros: number; metrics: Map<string, PointValue> }[] = [];
    for (const entry of entries) {
      const owner = device === undefined ? deviceOf(entry.base) : '';
      const short = device === undefined ? owner !== '' : isOneBase;
      const name = short ? entry.name || 'value' : entry.base + entry.name;
      const last = messages.at(-1);
      const isSame = last?.device === owner && last.micros === entry.micros;
      const message = isSame && last ? last : { device: owner, micros: entry.micros, metrics: new Map() };
      if (!isSame) messages.push(message);
      for (const [suffix, value] of entry.values) {
        const metric = (prefix === '' ? name : `${prefix}.${name}`) + suffix;
        if (!isValidMetricName(metric)) throw badName({ name: metric });
        message.metrics.set(metric, value);
        if (entry.unit !== '') units.set(`unit:${metric}`, entry.unit);
      }
    }
    if (messages.length > LIMITS.recordPointsMax.value) throw tooMany('elements');
    if (!this.#writer.write(messages, this.#into)) throw tooMany('points or bytes of text');
    for (const [i, message] of messages.entries()) {
      const element = this.#into.elements[i];
      if (!element) continue;
      element.device = message.device === '' ? undefined : message.device;
      element.time = message.micros;
    }
    if (this.#into.elementCount === 0) this.#into.beginElement().end = 0;
    this.#into.units = units;
  }
}

function fault(detail: string): DecodeFault {
  return new DecodeFault('undecodable', detail);
}

function packOf(bytes: Uint8Array): readonly Fields[] {
  let pack: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    pack = /\d{16}/.test(text) ? JSON.parse(text, exactly) : JSON.parse(text);
  } catch (found) {
    throw fault(`The SenML cannot be read: ${found instanceof Error ? found.message : String(found)}`);
  }
  if (!Array.isArray(pack)) throw fault('The payload is no array; SenML is an array of records.');
  if (pack.length === 0) throw fault('The SenML has no record; one at least was expected.');
  return pack.map((one: unknown, i) => {
    if (typeof one !== 'object' || one === null || Array.isArray(one))
      throw fault(`Record ${i} of the SenML is no object.`);
    return { ...one };
  });
}

/** Keeps integers beyond a double. */
function exactly(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  const source = context?.source ?? '';
  return /^-?\d+$/.test(source) && source.length <= LIMITS.integerDigitsMax.value ? BigInt(source) : value;
}

function entriesOf(pack: readonly Fields[], receivedMicros: number): Entry[] {
  const base: Base = { name: '', time: 0, unit: '', value: 0, sum: 0 };
  const entries: Entry[] = [];
  for (const [i, fields] of pack.entries()) {
    checkMembers(fields, i);
    base.name = textOf(fields, 'bn', i) ?? base.name;
    base.unit = textOf(fields, 'bu', i) ?? base.unit;
    base.time = numberOf(fields, 'bt', i) ?? base.time;
    base.value = numberOf(fields, 'bv', i) ?? base.value;
    base.sum = numberOf(fields, 'bs', i) ?? base.sum;
    const values = valuesOf(fields, base, i);
    if (values.length === 0) {
      if (Object.keys(fields).every((key) => KNOWN_BASES.includes(key))) continue;
      throw fault(`Record ${i} of the SenML has no value: one of v, vs, vb, vd and s was expected.`);
    }
    const name = textOf(fields, 'n', i) ?? '';
    checkName(base.name + name, i);
    const secs = base.time + (numberOf(fields, 't', i) ?? 0);
    const micros = Math.round(secs * 1e6) + (secs < ABSOLUTE_SECS ? receivedMicros : 0);
    entries.push({ base: base.name, name, micros, unit: textOf(fields, 'u', i) ?? base.unit, values });
  }
  return entries;
}

function checkMembers(fields: Fields, record: number): void {
  const unknown = Object.keys(fields).find((key) => key.endsWith('_'));
  if (unknown !== undefined)
    throw fault(
      `Record ${record} of the SenML has the field ${unknown}, which must be understood and is not.`,
    );
  const version = numberOf(fields, 'bver', record);
  if (version !== undefined && version > VERSION)
    throw fault(`Record ${record} of the SenML is of version ${version}; at most ${VERSION} is understood.`);
}

function valuesOf(fields: Fields, base: Base, record: number): Entry['values'] {
  const values: [string, PointValue][] = [];
  const { v, vb } = fields;
  if (typeof v === 'bigint') values.push(['', base.value === 0 ? v : Number(v) + base.value]);
  else if (v !== undefined)
    values.push(['', finite(Number(numberOf(fields, 'v', record)) + base.value, record)]);
  const text = textOf(fields, 'vs', record) ?? textOf(fields, 'vd', record);
  if (text !== undefined) {
    if (Buffer.byteLength(text) > LIMITS.textBytesMax.value)
      throw fault(`A text of record ${record} has more than ${LIMITS.textBytesMax.value} bytes.`);
    values.push(['', text.toWellFormed()]);
  }
  if (typeof vb === 'boolean') values.push(['', vb]);
  else if (vb !== undefined) throw wrong('vb', vb, 'true or false', record);
  if (values.length > 1)
    throw fault(
      `Record ${record} of the SenML has ${values.length} values of v, vs, vb and vd; one was expected.`,
    );
  const sum = numberOf(fields, 's', record);
  if (sum !== undefined) values.push(['.sum', finite(sum + base.sum, record)]);
  return values;
}

function finite(value: number, record: number): number {
  if (Number.isFinite(value)) return value;
  throw fault(`A number of record ${record} is too large for a double.`);
}

function numberOf(fields: Fields, key: string, record: number): number | undefined {
  const value = fields[key];
  if (value === undefined) return undefined;
  if (typeof value === 'bigint') return Number(value);
  if (typeof value === 'number') return finite(value, record);
  throw wrong(key, value, 'a number', record);
}

function textOf(fields: Fields, key: string, record: number): string | undefined {
  const value = fields[key];
  if (value === undefined || typeof value === 'string') return value;
  throw wrong(key, value, 'a text', record);
}

function wrong(key: string, value: unknown, wanted: string, record: number): DecodeFault {
  return fault(`The field ${key} of record ${record} is a ${typeof value}; ${wanted} was expected.`);
}

function checkName(name: string, record: number): void {
  if (/^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/.test(name)) return;
  throw fault(
    `The name ${JSON.stringify(name.slice(0, 64))} of record ${record} is empty or holds what SenML does not allow: letters, digits, - : . / _ were expected, a letter or digit first.`,
  );
}

/** The device that a base name stands for; empty when it stands for none. */
function deviceOf(base: string): string {
  const id = base.replace(/[-:./_]+$/, '').replaceAll('/', '.');
  if (id === '' || isValidId(id)) return id;
  throw fault(
    `The base name has ${base.length} characters or is . or ..; a device id of at most ${LIMITS.idCharsMax.value} was expected.`,
  );
}
