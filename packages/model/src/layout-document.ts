import { type DocumentReader, show } from './document-reader.ts';

/** Types that a field of a binary layout can have; `text` is UTF-8 up to its first zero byte. */
export const LAYOUT_TYPES = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u24',
  'i24',
  'u32',
  'i32',
  'u64',
  'i64',
  'f32',
  'f64',
  'text',
] as const;

/** One of `LAYOUT_TYPES`. */
export type LayoutType = (typeof LAYOUT_TYPES)[number];

/** One field of a binary payload. */
export interface LayoutField {
  /** Metric. */
  readonly name: string;
  /** Offset of its first byte. */
  readonly at: number;
  readonly type: LayoutType;
  /** Order of its bytes, where it is another than that of the layout. */
  readonly endian?: 'big' | 'little';
  /** Bytes of a text. */
  readonly length?: number;
  /** Some bits of an unsigned integer, `from` 0 being the lowest; a single bit without scale and add is a truth value. */
  readonly bits?: { readonly from: number; readonly count: number };
  /** The value is what stands there times `scale` plus `add`. */
  readonly scale?: number;
  readonly add?: number;
  /** Unit, shown to stages as the attribute `unit:{metric}`. */
  readonly unit?: string;
  /** What the field is beside a metric: the time of the record, or its own number. */
  readonly role?: 'time' | 'seq';
}

/** How the bytes of a payload lie. */
export interface LayoutDocument {
  /** Bytes of a payload. Exactly these, or at least these where `allowLonger` is. */
  readonly length: number;
  readonly allowLonger: boolean;
  readonly endian: 'big' | 'little';
  readonly fields: readonly LayoutField[];
}

const FIELDS_MAX = 512; // fixed by the series that one device may have
const BYTES_MAX = 1_048_576; // fixed by the largest packet that a listener takes unless configured
const MEMBERS = ['name', 'at', 'type', 'endian', 'length', 'bits', 'scale', 'add', 'unit', 'role'] as const;
const SIZES: Readonly<Record<Exclude<LayoutType, 'text'>, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u24: 3,
  i24: 3,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f32: 4,
  f64: 8,
};

/** Bytes that a field takes. */
export function fieldBytes({ type, length }: Pick<LayoutField, 'type' | 'length'>): number {
  return type === 'text' ? (length ?? 0) : SIZES[type];
}

/** Reads the layout of a binary payload; `length` is the end of the last field where it is not said. */
export function readLayout(reader: DocumentReader, value: unknown, path: string): LayoutDocument {
  const raw = reader.object(value, path, ['length', 'allowLonger', 'endian', 'fields']);
  const endian = reader.choice(raw.endian, `${path}.endian`, ['big', 'little']);
  const allowLonger = reader.flag(raw.allowLonger, `${path}.allowLonger`, false);
  if (!Array.isArray(raw.fields) || raw.fields.length === 0 || raw.fields.length > FIELDS_MAX) {
    reader.fault(`${path}.fields`, `found ${show(raw.fields)}, wanted a list of 1 to ${FIELDS_MAX} fields`);
    return { length: 0, allowLonger, endian, fields: [] };
  }
  const fields = raw.fields.map((one: unknown, i) => fieldOf(reader, one, `${path}.fields[${i}]`));
  for (const [i, { name }] of fields.entries())
    if (name !== '' && fields.findIndex((one) => one.name === name) !== i)
      reader.fault(`${path}.fields[${i}].name`, `found ${show(name)} a second time, wanted another name`);
  const end = Math.max(...fields.map((field) => field.at + fieldBytes(field)));
  const length = integer(reader, raw.length ?? end, `${path}.length`, 1, BYTES_MAX);
  if (length < end)
    reader.fault(`${path}.length`, `found ${length}, wanted ${end} at least, where the last field ends`);
  return { length, allowLonger, endian, fields };
}

function fieldOf(reader: DocumentReader, value: unknown, path: string): LayoutField {
  const raw = reader.object(value, path, MEMBERS);
  const type = reader.choice(raw.type, `${path}.type`, LAYOUT_TYPES);
  if (raw.type === undefined)
    reader.fault(`${path}.type`, `found nothing, wanted one of ${LAYOUT_TYPES.join(', ')}`);
  const unit = reader.optionalText(raw.unit, `${path}.unit`, 'a unit');
  const field: LayoutField = {
    name: reader.text(raw.name, `${path}.name`, 'the name of a metric') ?? '',
    at: integer(reader, raw.at, `${path}.at`, 0, BYTES_MAX),
    type,
    ...(raw.endian === undefined
      ? {}
      : { endian: reader.choice(raw.endian, `${path}.endian`, ['big', 'little']) }),
    ...(raw.length === undefined && type !== 'text'
      ? {}
      : { length: integer(reader, raw.length, `${path}.length`, 1, BYTES_MAX) }),
    ...(raw.bits === undefined ? {} : { bits: bitsOf(reader, raw.bits, type, `${path}.bits`) }),
    ...(raw.scale === undefined ? {} : { scale: finite(reader, raw.scale, `${path}.scale`) }),
    ...(raw.add === undefined ? {} : { add: finite(reader, raw.add, `${path}.add`) }),
    ...(unit === undefined ? {} : { unit }),
    ...(raw.role === undefined ? {} : { role: reader.choice(raw.role, `${path}.role`, ['time', 'seq']) }),
  };
  checkField(reader, field, path);
  return field;
}

function checkField(reader: DocumentReader, field: LayoutField, path: string): void {
  const { type, length, scale, add, role } = field;
  const isScaled = scale !== undefined || add !== undefined;
  if (length !== undefined && type !== 'text')
    reader.fault(`${path}.length`, `found a length beside ${type}, wanted it with text alone`);
  if (type === 'text' && isScaled)
    reader.fault(`${path}.scale`, 'found scale or add beside text, wanted them with numbers alone');
  if (type === 'text' && role !== undefined)
    reader.fault(`${path}.role`, `found ${role} beside text, wanted a number`);
  if (scale === 0) reader.fault(`${path}.scale`, 'found 0, wanted another number');
}

function bitsOf(
  reader: DocumentReader,
  value: unknown,
  type: LayoutType,
  path: string,
): { readonly from: number; readonly count: number } {
  const raw = reader.object(value, path, ['from', 'count']);
  const bits = type.startsWith('u') ? 8 * fieldBytes({ type }) : 0;
  if (bits === 0) {
    reader.fault(path, `found bits of ${type}, wanted bits of an unsigned integer`);
    return { from: 0, count: 1 };
  }
  const from = integer(reader, raw.from, `${path}.from`, 0, bits - 1);
  const count = raw.count === undefined ? 1 : integer(reader, raw.count, `${path}.count`, 1, bits);
  if (from + count > bits)
    reader.fault(path, `found bits up to ${from + count - 1}, wanted at most ${bits - 1}`);
  return { from, count };
}

function integer(reader: DocumentReader, value: unknown, path: string, least: number, most: number): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
    return value;
  reader.fault(path, `found ${show(value)}, wanted an integer from ${least} to ${most}`);
  return least;
}

function finite(reader: DocumentReader, value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  reader.fault(path, `found ${show(value)}, wanted a number`);
  return 1;
}
