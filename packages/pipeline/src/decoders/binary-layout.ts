import { fieldBytes, type LayoutDocument, type LayoutField, type PointValue } from '@skerry/model';
import { badName, DecodeFault } from '../decode-fault.ts';
import { LIMITS } from '../limits.ts';
import { isValidMetricName } from '../topic-template.ts';
import { scalingOf } from './decimal-scaling.ts';
import type { PointMessage } from './point-messages.ts';

/** What a layout found in a payload. */
export interface LayoutReading {
  readonly message: PointMessage;
  readonly seq: number | undefined;
  readonly units: ReadonlyMap<string, string>;
}

/** Reads payloads of one layout, under one prefix of metrics. */
export type LayoutReader = (bytes: Buffer) => LayoutReading;

type Read = (bytes: Buffer, at: number) => number | bigint;

interface Part {
  readonly metric: string;
  readonly field: LayoutField;
  readonly value: (bytes: Buffer) => PointValue | undefined;
}

const EXACT = 2n ** 53n;

/**
 * A reader of payloads whose bytes lie as a document says. The length must fit; integers are exact; NaN and the infinities
 * are no point. The reader fails with `DecodeFault`, and so does this where a metric's name is too long with its prefix.
 */
export function compileLayout(layout: LayoutDocument, prefix: string): LayoutReader {
  const parts = layout.fields.map((field): Part => {
    const metric = prefix === '' ? field.name : `${prefix}.${field.name}`;
    if (!isValidMetricName(metric)) throw badName({ name: metric });
    return { metric, field, value: partOf(field, layout.endian) };
  });
  const units = new Map(
    parts.flatMap(({ metric, field: { unit, role } }) =>
      unit === undefined || role !== undefined ? [] : [[`unit:${metric}`, unit] as const],
    ),
  );
  return (bytes) => {
    checkLength(layout, bytes.length);
    const metrics = new Map<string, PointValue>();
    let time: number | bigint | undefined;
    let seq: number | undefined;
    for (const { metric, field, value } of parts) {
      const found = value(bytes);
      if (field.role === undefined) {
        if (found !== undefined) metrics.set(metric, found);
      } else if (typeof found !== 'number' && typeof found !== 'bigint')
        throw new DecodeFault(
          'undecodable',
          `The field ${field.name} is no number; ${field.role} was expected.`,
        );
      else if (field.role === 'time') time = found;
      else seq = seqOf(found, field.name);
    }
    return { message: { device: undefined, time, metrics }, seq, units };
  };
}

function checkLength({ length, allowLonger }: LayoutDocument, found: number): void {
  if (found === length || (allowLonger && found > length)) return;
  throw new DecodeFault(
    'undecodable',
    `The payload has ${found} bytes; the layout wants ${allowLonger ? 'at least' : 'exactly'} ${length}.`,
  );
}

function seqOf(value: number | bigint, name: string): number {
  const seq = Number(value);
  if (Number.isSafeInteger(seq) && seq >= 0) return seq;
  throw new DecodeFault('undecodable', `The field ${name} is ${value}; a sequence number was expected.`);
}

function partOf(field: LayoutField, endian: LayoutDocument['endian']): Part['value'] {
  const { at, type, bits, scale, add } = field;
  if (type === 'text') return (bytes) => textAt(bytes, at, fieldBytes(field), field.name);
  const read = readerOf(type, field.endian ?? endian);
  const isScaled = scale !== undefined || add !== undefined;
  if (bits?.count === 1 && !isScaled) return (bytes) => bitsOf(read(bytes, at), bits.from, 1) === 1n;
  const scaled = scalingOf(scale ?? 1, add ?? 0);
  return (bytes) => {
    const raw = bits ? bitsOf(read(bytes, at), bits.from, bits.count) : read(bytes, at);
    if (!isScaled) return plain(raw);
    const value = scaled(raw);
    return Number.isFinite(value) ? value : undefined;
  };
}

function plain(raw: number | bigint): PointValue | undefined {
  if (typeof raw === 'number') return Number.isFinite(raw) ? raw : undefined;
  return raw >= -EXACT && raw <= EXACT ? Number(raw) : raw;
}

function bitsOf(raw: number | bigint, from: number, count: number): bigint {
  return BigInt.asUintN(count, BigInt(raw) >> BigInt(from));
}

function textAt(bytes: Buffer, at: number, length: number, name: string): string {
  const whole = bytes.subarray(at, at + length);
  const end = whole.indexOf(0);
  const text = end < 0 ? whole : whole.subarray(0, end);
  if (text.length > LIMITS.textBytesMax.value)
    throw new DecodeFault(
      'undecodable',
      `The text ${name} has ${text.length} bytes; at most ${LIMITS.textBytesMax.value} are kept.`,
    );
  const decoded = text.toString('utf8');
  if (decoded.includes('\uFFFD') && !Buffer.from(decoded).equals(text))
    throw new DecodeFault('undecodable', `The text ${name} is not UTF-8.`);
  return decoded;
}

function readerOf(type: Exclude<LayoutField['type'], 'text'>, endian: 'big' | 'little'): Read {
  const isBig = endian === 'big';
  if (type === 'f32') return (bytes, at) => (isBig ? bytes.readFloatBE(at) : bytes.readFloatLE(at));
  if (type === 'f64') return (bytes, at) => (isBig ? bytes.readDoubleBE(at) : bytes.readDoubleLE(at));
  if (type === 'u64') return (bytes, at) => (isBig ? bytes.readBigUInt64BE(at) : bytes.readBigUInt64LE(at));
  if (type === 'i64') return (bytes, at) => (isBig ? bytes.readBigInt64BE(at) : bytes.readBigInt64LE(at));
  const size = fieldBytes({ type });
  if (type.startsWith('u'))
    return (bytes, at) => (isBig ? bytes.readUIntBE(at, size) : bytes.readUIntLE(at, size));
  return (bytes, at) => (isBig ? bytes.readIntBE(at, size) : bytes.readIntLE(at, size));
}
