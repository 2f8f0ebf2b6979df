import type { PointValue } from '@skerry/model';
import { badName, DecodeFault } from '../decode-fault.ts';
import { LIMITS } from '../limits.ts';
import { isValidMetricName } from '../topic-template.ts';
import { numberText } from './json-text.ts';
import type { RawValue, SparkplugMetric, SparkplugTable } from './sparkplug-payload.ts';

/** What the numbers of data types mean (Sparkplug 3.0, 6.4.16). */
type Meaning = 'signed' | 'unsigned' | 'real' | 'truth' | 'text' | 'bytes';

interface DataType {
  readonly name: string;
  readonly meaning: Meaning;
  readonly bits: number;
}

const SCALARS: readonly (DataType | undefined)[] = [
  undefined,
  { name: 'Int8', meaning: 'signed', bits: 8 },
  { name: 'Int16', meaning: 'signed', bits: 16 },
  { name: 'Int32', meaning: 'signed', bits: 32 },
  { name: 'Int64', meaning: 'signed', bits: 64 },
  { name: 'UInt8', meaning: 'unsigned', bits: 8 },
  { name: 'UInt16', meaning: 'unsigned', bits: 16 },
  { name: 'UInt32', meaning: 'unsigned', bits: 32 },
  { name: 'UInt64', meaning: 'unsigned', bits: 64 },
  { name: 'Float', meaning: 'real', bits: 32 },
  { name: 'Double', meaning: 'real', bits: 64 },
  { name: 'Boolean', meaning: 'truth', bits: 1 },
  { name: 'String', meaning: 'text', bits: 0 },
  { name: 'DateTime', meaning: 'unsigned', bits: 64 },
  { name: 'Text', meaning: 'text', bits: 0 },
  { name: 'UUID', meaning: 'text', bits: 0 },
  undefined,
  { name: 'Bytes', meaning: 'bytes', bits: 0 },
  { name: 'File', meaning: 'bytes', bits: 0 },
];

/** Type of the items of the array types 22 to 34. */
const ITEM_TYPES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13] as const;
const FIRST_ARRAY = 22;
const EXACT = 2n ** 53n;

/** What a metric is, as it says itself or as its birth did. */
export interface MetricType {
  /** Number of its data type; 0 where nothing tells it. */
  readonly type: number;
  /** Those of the members of a template, as the birth gave them. */
  readonly members?: ReadonlyMap<string, MetricType> | undefined;
}

/** Whole numbers without a data type: their bits may be those of a negative number. */
export class UntypedMetric extends DecodeFault {
  constructor(name: string) {
    super(
      'undecodable',
      `The metric ${JSON.stringify(name.slice(0, 64))} holds a whole number without a data type, and no birth in force gives one.`,
    );
  }
}

/**
 * Adds the points of a metric: null, NaN and the infinities are none; an array of at most 16 numbers is `name.0` and so on, a
 * longer one and a data set are JSON as a text; the members of a template are `{name}.{member}`, its definition none. A
 * member that tells no type has that of the birth. Fails with `DecodeFault`, for a whole number without a type with
 * `UntypedMetric`.
 */
export function addMetric(
  into: Map<string, PointValue>,
  name: string,
  metric: SparkplugMetric,
  { type, members }: MetricType,
): void {
  if (metric.template) {
    if (metric.template.isDefinition || metric.isNull) return;
    for (const member of metric.template.members) {
      if (member.name === undefined) throw fault(name, 'a member without a name');
      const born = members?.get(member.name);
      const known = { type: member.type === 0 ? (born?.type ?? 0) : member.type, members: born?.members };
      addMetric(into, `${name}.${member.name}`, member, known);
    }
    return;
  }
  if (metric.isNull) return;
  if (type === 0 && metric.isWhole) throw new UntypedMetric(name);
  if (metric.table) add(into, name, tableText(metric.table, name));
  else if (type >= FIRST_ARRAY && type < FIRST_ARRAY + ITEM_TYPES.length)
    addArray(into, name, metric.value, type);
  else {
    const value = pointOf(metric.value, type, name);
    if (value !== undefined) add(into, name, value);
  }
}

function add(into: Map<string, PointValue>, name: string, value: PointValue): void {
  if (!isValidMetricName(name)) throw badName({ name });
  if (typeof value === 'string' && value.length * 3 > LIMITS.textBytesMax.value) {
    const bytes = Buffer.byteLength(value);
    if (bytes > LIMITS.textBytesMax.value)
      throw fault(name, `a text of ${bytes} bytes; at most ${LIMITS.textBytesMax.value} are kept`);
  }
  into.set(name, value);
}

/** The value that a raw one stands for; undefined for none. */
function pointOf(raw: RawValue, type: number, name: string): PointValue | undefined {
  if (raw === undefined) return undefined;
  const known = SCALARS[type];
  if (!known) {
    if (type !== 0) throw fault(name, `the data type ${type}, which is not understood`);
    return plain(raw);
  }
  const { meaning, bits } = known;
  if (meaning === 'text' && typeof raw === 'string') return raw;
  if (meaning === 'bytes' && raw instanceof Uint8Array) return Buffer.from(raw).toString('base64url');
  if (meaning === 'truth' && typeof raw === 'boolean') return raw;
  if (meaning === 'real' && typeof raw === 'number') return Number.isFinite(raw) ? raw : undefined;
  if (
    (meaning === 'signed' || meaning === 'unsigned') &&
    (typeof raw === 'bigint' || Number.isInteger(raw))
  ) {
    // checked by the line above
    const whole = BigInt(raw as number | bigint);
    return exact(meaning === 'signed' ? BigInt.asIntN(bits, whole) : whole);
  }
  throw fault(name, `a ${raw instanceof Uint8Array ? 'byte string' : typeof raw} as ${known.name}`);
}

function plain(raw: Exclude<RawValue, undefined>): PointValue | undefined {
  if (raw instanceof Uint8Array) return Buffer.from(raw).toString('base64url');
  if (typeof raw === 'bigint') return exact(raw);
  return typeof raw === 'number' && !Number.isFinite(raw) ? undefined : raw;
}

function exact(value: bigint): PointValue {
  return value >= -EXACT && value <= EXACT ? Number(value) : value;
}

function addArray(into: Map<string, PointValue>, name: string, raw: RawValue, type: number): void {
  if (raw === undefined) return;
  if (!(raw instanceof Uint8Array)) throw fault(name, `a ${typeof raw} as an array`);
  const items = itemsOf(Buffer.from(raw), ITEM_TYPES[type - FIRST_ARRAY] ?? 0, name);
  const isShort = items.length > 0 && items.length <= LIMITS.arrayNumbersMax.value;
  if (isShort && items.every((one) => typeof one === 'number' || typeof one === 'bigint')) {
    for (const [i, one] of items.entries()) if (one !== undefined) add(into, `${name}.${i}`, one);
    return;
  }
  add(into, name, `[${items.map(textOf).join(',')}]`);
}

/** Items of a packed array, little-endian (Sparkplug 3.0, 6.4.17). */
function itemsOf(bytes: Buffer, type: number, name: string): (PointValue | undefined)[] {
  const { meaning, bits } = SCALARS[type] ?? { meaning: 'bytes' as const, bits: 0 };
  if (meaning === 'text') {
    const parts = bytes.toString('utf8').split('\u0000');
    // each text ends with a zero
    if (parts.pop() !== '') throw fault(name, 'an array whose last text has no end');
    return parts;
  }
  if (meaning === 'truth') {
    const count = bytes.length < 4 ? -1 : bytes.readUInt32LE(0);
    if (bytes.length !== 4 + Math.ceil(count / 8))
      throw fault(name, `an array of truth values of ${bytes.length} bytes`);
    return Array.from(
      { length: count },
      (_, i) => ((Number(bytes[4 + (i >> 3)]) >> (7 - (i & 7))) & 1) === 1,
    );
  }
  const size = bits / 8;
  if (bytes.length % size !== 0)
    throw fault(name, `an array of ${bytes.length} bytes, wanted a multiple of ${size}`);
  return Array.from({ length: bytes.length / size }, (_, i) => {
    const at = i * size;
    if (meaning === 'real') {
      const value = size === 4 ? bytes.readFloatLE(at) : bytes.readDoubleLE(at);
      return Number.isFinite(value) ? value : undefined;
    }
    if (size === 8) return exact(meaning === 'signed' ? bytes.readBigInt64LE(at) : bytes.readBigUInt64LE(at));
    return meaning === 'signed' ? bytes.readIntLE(at, size) : bytes.readUIntLE(at, size);
  });
}

function tableText({ columns, types, rows }: SparkplugTable, name: string): string {
  const cells = rows.map((row) => {
    if (row.length !== columns.length || types.length !== columns.length)
      throw fault(
        name,
        `a data set with ${columns.length} columns, ${types.length} types and a row of ${row.length}`,
      );
    return `[${row.map((cell, i) => textOf(pointOf(cell, types[i] ?? 0, name))).join(',')}]`;
  });
  return `{"columns":${JSON.stringify(columns)},"rows":[${cells.join(',')}]}`;
}

function textOf(value: PointValue | undefined): string {
  if (value === undefined) return 'null';
  if (typeof value === 'number') return numberText(value);
  return typeof value === 'bigint' ? String(value) : JSON.stringify(value);
}

function fault(name: string, found: string): DecodeFault {
  return new DecodeFault('undecodable', `The metric ${JSON.stringify(name.slice(0, 64))} holds ${found}.`);
}
