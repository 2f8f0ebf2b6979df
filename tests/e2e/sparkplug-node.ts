// The bytes of a Sparkplug edge node, written here field by field: nothing of it is the product's.

/** A field of protobuf as a varint. */
function varint(field: number, value: number): number[] {
  return [...plain(field * 8), ...plain(value)];
}

function plain(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return [...bytes, rest];
}

function bytesField(field: number, bytes: readonly number[]): number[] {
  return [...plain(field * 8 + 2), ...plain(bytes.length), ...bytes];
}

function double(field: number, value: number): number[] {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return [...plain(field * 8 + 1), ...bytes];
}

const text = (value: string): number[] => [...Buffer.from(value)];
const UINT64 = 8;
const DOUBLE = 10;

function bdSeqMetric(value: number): number[] {
  return bytesField(2, [...bytesField(1, text('bdSeq')), ...varint(4, UINT64), ...varint(11, value)]);
}

/** NBIRTH with one metric, `temp`, of alias 1. */
export function nodeBirth(bdSeq: number, value: number): Uint8Array {
  const metric = [
    ...bytesField(1, text('temp')),
    ...varint(2, 1),
    ...varint(4, DOUBLE),
    ...double(13, value),
  ];
  return Uint8Array.from([
    ...varint(1, Date.now()),
    ...bdSeqMetric(bdSeq),
    ...bytesField(2, metric),
    ...varint(3, 0),
  ]);
}

/** NDATA of alias 1. */
export function nodeData(seq: number, value: number): Uint8Array {
  const metric = bytesField(2, [...varint(2, 1), ...double(13, value)]);
  return Uint8Array.from([...varint(1, Date.now()), ...metric, ...varint(3, seq)]);
}

/** NDEATH. */
export function nodeDeath(bdSeq: number): Uint8Array {
  return Uint8Array.from([...varint(1, Date.now()), ...bdSeqMetric(bdSeq)]);
}

/** Whether the payload of an NCMD asks for births: one metric, `Node Control/Rebirth`, Boolean, true. */
export function asksForBirths(payload: Uint8Array): boolean {
  const name = bytesField(1, text('Node Control/Rebirth'));
  const bytes = Buffer.from(payload);
  return bytes.includes(Buffer.from(name)) && bytes.includes(Buffer.from([4 * 8, 11, 14 * 8, 1]));
}
