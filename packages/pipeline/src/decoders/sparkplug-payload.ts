import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { DecodeFault, tooMany } from '../decode-fault.ts';
import { LIMITS } from '../limits.ts';

/** A table of a data set: names and types of columns, then rows. */
export interface SparkplugTable {
  readonly columns: readonly string[];
  readonly types: readonly number[];
  readonly rows: readonly (readonly RawValue[])[];
}

/** A template: its members, and whether it only tells what they are. */
export interface SparkplugTemplate {
  readonly isDefinition: boolean;
  readonly members: readonly SparkplugMetric[];
}

/** A value as protobuf holds it; its type says what it means. Undefined for none. */
export type RawValue = number | bigint | boolean | string | Uint8Array | undefined;

/** One metric of a Sparkplug payload. */
export interface SparkplugMetric {
  name: string | undefined;
  /** Decimal digits. */
  alias: string | undefined;
  /** Milliseconds since 1970. */
  timestamp: bigint | undefined;
  /** 0 without one. */
  type: number;
  isNull: boolean;
  /** Whether the value stands in a field of whole numbers, whose sign only the type tells. */
  isWhole: boolean;
  value: RawValue;
  table: SparkplugTable | undefined;
  template: SparkplugTemplate | undefined;
  /** Of its properties; undefined without one. */
  unit: string | undefined;
}

/** A Sparkplug payload as it stands there. */
export interface SparkplugPayload {
  /** Milliseconds since 1970. */
  timestamp: bigint | undefined;
  /** 0 to 255; undefined without one. */
  seq: number | undefined;
  readonly metrics: SparkplugMetric[];
}

/**
 * Reads the protobuf of Sparkplug B (Sparkplug 3.0, 6.4.1): fields by the numbers of its specification, others passed over.
 * Fails with `DecodeFault`; takes time in proportion to the bytes.
 */
export function readSparkplugPayload(bytes: Uint8Array): SparkplugPayload {
  try {
    return payloadIn(bytes);
  } catch (cause) {
    if (cause instanceof DecodeFault) throw cause;
    // the reader's own faults are plain errors
    if (cause instanceof Error)
      throw new DecodeFault('undecodable', `The Sparkplug payload cannot be read: ${cause.message}`);
    throw cause;
  }
}

type FieldReader<T> = (into: T, reader: BinaryReader) => void;

/** What a field is read by, and the wire type it must have. */
type Fields<T> = ReadonlyMap<number, readonly [wire: WireType, read: FieldReader<T>]>;

const { Varint, LengthDelimited, Bit32, Bit64 } = WireType;

/** A message as it is filled; `level` counts templates inside of each other, `total` the metrics read so far. */
interface Scope {
  readonly level: number;
  readonly total: { count: number };
}

function payloadIn(bytes: Uint8Array): SparkplugPayload {
  const payload: SparkplugPayload = { timestamp: undefined, seq: undefined, metrics: [] };
  const scope: Scope = { level: 0, total: { count: 0 } };
  eachField(bytes, payload, PAYLOAD, (into, field, reader) => {
    if (field !== 2) return false;
    into.metrics.push(metricIn(reader.bytes(), scope));
    return true;
  });
  return payload;
}

const PAYLOAD: Fields<SparkplugPayload> = new Map([
  [
    1,
    [
      Varint,
      (into: SparkplugPayload, reader: BinaryReader) => {
        into.timestamp = long(reader);
      },
    ],
  ],
  [
    3,
    [
      Varint,
      (into: SparkplugPayload, reader: BinaryReader) => {
        into.seq = seqOf(long(reader));
      },
    ],
  ],
]);

const METRIC: Fields<SparkplugMetric> = new Map<number, readonly [WireType, FieldReader<SparkplugMetric>]>([
  [
    1,
    [
      LengthDelimited,
      (into, reader) => {
        into.name = reader.string(true);
      },
    ],
  ],
  [
    2,
    [
      Varint,
      (into, reader) => {
        into.alias = String(long(reader));
      },
    ],
  ],
  [
    3,
    [
      Varint,
      (into, reader) => {
        into.timestamp = long(reader);
      },
    ],
  ],
  [
    4,
    [
      Varint,
      (into, reader) => {
        into.type = reader.uint32();
      },
    ],
  ],
  [
    7,
    [
      Varint,
      (into, reader) => {
        into.isNull = reader.bool();
      },
    ],
  ],
  [
    10,
    [
      Varint,
      (into, reader) => {
        into.value = reader.uint32();
        into.isWhole = true;
      },
    ],
  ],
  [
    11,
    [
      Varint,
      (into, reader) => {
        into.value = long(reader);
        into.isWhole = true;
      },
    ],
  ],
  [
    12,
    [
      Bit32,
      (into, reader) => {
        into.value = reader.float();
      },
    ],
  ],
  [
    13,
    [
      Bit64,
      (into, reader) => {
        into.value = reader.double();
      },
    ],
  ],
  [
    14,
    [
      Varint,
      (into, reader) => {
        into.value = reader.bool();
      },
    ],
  ],
  [
    15,
    [
      LengthDelimited,
      (into, reader) => {
        into.value = reader.string(true);
      },
    ],
  ],
  [
    16,
    [
      LengthDelimited,
      (into, reader) => {
        into.value = reader.bytes();
      },
    ],
  ],
  [
    9,
    [
      LengthDelimited,
      (into, reader) => {
        into.unit = unitIn(reader.bytes());
      },
    ],
  ],
  [
    17,
    [
      LengthDelimited,
      (into, reader) => {
        into.table = tableIn(reader.bytes());
      },
    ],
  ],
]);

function metricIn(bytes: Uint8Array, scope: Scope): SparkplugMetric {
  if (++scope.total.count > LIMITS.recordPointsMax.value) throw tooMany('metrics');
  const metric: SparkplugMetric = {
    name: undefined,
    alias: undefined,
    timestamp: undefined,
    type: 0,
    isNull: false,
    isWhole: false,
    value: undefined,
    table: undefined,
    template: undefined,
    unit: undefined,
  };
  eachField(bytes, metric, METRIC, (into, field, reader) => {
    if (field !== 18) return false;
    into.template = templateIn(reader.bytes(), { level: scope.level + 1, total: scope.total });
    return true;
  });
  return metric;
}

/** Keys under which producers tell the unit, in small letters and without what parts words; the specification names none. */
const UNIT_KEYS: ReadonlySet<string> = new Set([
  'unit',
  'units',
  'engunit',
  'engunits',
  'engineeringunit',
  'engineeringunits',
]);

/** The unit among the properties of a metric. */
function unitIn(bytes: Uint8Array): string | undefined {
  const found: PropertyDraft = { keys: [], texts: [] };
  eachField(bytes, found, PROPERTIES);
  const at = found.keys.findIndex(
    (key, i) => found.texts[i] && UNIT_KEYS.has(key.toLowerCase().replaceAll(/[ _-]/g, '')),
  );
  return found.texts[at];
}

interface PropertyDraft {
  readonly keys: string[];
  readonly texts: (string | undefined)[];
}

const PROPERTIES: Fields<PropertyDraft> = new Map<number, readonly [WireType, FieldReader<PropertyDraft>]>([
  [
    1,
    [
      LengthDelimited,
      (into, reader) => {
        into.keys.push(reader.string(true));
      },
    ],
  ],
  [
    2,
    [
      LengthDelimited,
      (into, reader) => {
        const value: { text: string | undefined } = { text: undefined };
        eachField(reader.bytes(), value, PROPERTY);
        into.texts.push(value.text);
      },
    ],
  ],
]);

const PROPERTY: Fields<{ text: string | undefined }> = new Map([
  [
    8,
    [
      LengthDelimited,
      (into: { text: string | undefined }, reader: BinaryReader) => {
        into.text = reader.string(true);
      },
    ],
  ],
]);

function templateIn(bytes: Uint8Array, scope: Scope): SparkplugTemplate {
  if (scope.level > LIMITS.templateLevelsMax.value)
    throw new DecodeFault(
      'undecodable',
      `Templates stand inside of each other beyond ${LIMITS.templateLevelsMax.value} levels.`,
    );
  const members: SparkplugMetric[] = [];
  const template = { isDefinition: false, members };
  eachField(bytes, template, TEMPLATE, (into, field, reader) => {
    if (field !== 2) return false;
    into.members.push(metricIn(reader.bytes(), scope));
    return true;
  });
  return template;
}

const TEMPLATE: Fields<{ isDefinition: boolean }> = new Map([
  [
    5,
    [
      Varint,
      (into: { isDefinition: boolean }, reader: BinaryReader) => {
        into.isDefinition = reader.bool();
      },
    ],
  ],
]);

interface TableDraft {
  readonly columns: string[];
  readonly types: number[];
  readonly rows: RawValue[][];
}

function tableIn(bytes: Uint8Array): SparkplugTable {
  const table: TableDraft = { columns: [], types: [], rows: [] };
  eachField(bytes, table, TABLE, (into, field, reader, wire) => {
    if (field !== 3) return false;
    // a list of numbers stands packed or one by one
    if (wire === Varint) into.types.push(reader.uint32());
    else for (const end = reader.uint32() + reader.pos; reader.pos < end; ) into.types.push(reader.uint32());
    return true;
  });
  return table;
}

const TABLE: Fields<TableDraft> = new Map<number, readonly [WireType, FieldReader<TableDraft>]>([
  [
    2,
    [
      LengthDelimited,
      (into, reader) => {
        into.columns.push(reader.string(true));
      },
    ],
  ],
  [
    4,
    [
      LengthDelimited,
      (into, reader) => {
        into.rows.push(rowIn(reader.bytes()));
      },
    ],
  ],
]);

function rowIn(bytes: Uint8Array): RawValue[] {
  const row: RawValue[] = [];
  eachField(bytes, row, ROW);
  return row;
}

const ROW: Fields<RawValue[]> = new Map<number, readonly [WireType, FieldReader<RawValue[]>]>([
  [
    1,
    [
      LengthDelimited,
      (into, reader) => {
        const cell: { value: RawValue } = { value: undefined };
        eachField(reader.bytes(), cell, CELL);
        into.push(cell.value);
      },
    ],
  ],
]);

const CELL: Fields<{ value: RawValue }> = new Map<
  number,
  readonly [WireType, FieldReader<{ value: RawValue }>]
>([
  [
    1,
    [
      Varint,
      (into, reader) => {
        into.value = reader.uint32();
      },
    ],
  ],
  [
    2,
    [
      Varint,
      (into, reader) => {
        into.value = long(reader);
      },
    ],
  ],
  [
    3,
    [
      Bit32,
      (into, reader) => {
        into.value = reader.float();
      },
    ],
  ],
  [
    4,
    [
      Bit64,
      (into, reader) => {
        into.value = reader.double();
      },
    ],
  ],
  [
    5,
    [
      Varint,
      (into, reader) => {
        into.value = reader.bool();
      },
    ],
  ],
  [
    6,
    [
      LengthDelimited,
      (into, reader) => {
        into.value = reader.string(true);
      },
    ],
  ],
]);

/** Reads every field of a message; `own` takes those it answers true to. */
function eachField<T>(
  bytes: Uint8Array,
  into: T,
  fields: Fields<T>,
  own?: (into: T, field: number, reader: BinaryReader, wire: WireType) => boolean,
): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wire] = reader.tag();
    const known = fields.get(field);
    if (known && known[0] === wire) known[1](into, reader);
    else if (known)
      throw new DecodeFault(
        'undecodable',
        `The field ${field} of the Sparkplug payload has the wire type ${wire}; ${known[0]} was expected.`,
      );
    else if (!own?.(into, field, reader, wire)) reader.skip(wire, field);
  }
}

function long(reader: BinaryReader): bigint {
  return BigInt(reader.uint64());
}

function seqOf(seq: bigint): number {
  if (seq > 255n)
    throw new DecodeFault('undecodable', `The sequence number is ${seq}; 0 to 255 was expected.`);
  return Number(seq);
}
