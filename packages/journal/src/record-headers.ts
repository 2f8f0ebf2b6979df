import { JournalError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** One optional header of a record: a key of `HEADER` and its value. */
export interface RecordHeader {
  readonly key: number;
  readonly value: Uint8Array;
}

const HEAD_BYTES = 3;

/** The header block of a record. Values are copied. Fails with `record-too-large` on a value of more than 65,535 bytes. */
export function encodeHeaders(headers: readonly RecordHeader[]): Uint8Array<ArrayBuffer> {
  let length = 0;
  for (const { value } of headers) {
    if (value.byteLength > LIMITS.fieldBytesMax.value)
      throw new JournalError(
        'record-too-large',
        `Cannot encode a header of ${value.byteLength} bytes; at most ${LIMITS.fieldBytesMax.value}.`,
        { bytes: value.byteLength },
      );
    length += HEAD_BYTES + value.byteLength;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const { key, value } of headers) {
    bytes[at] = key;
    bytes[at + 1] = value.byteLength & 255;
    bytes[at + 2] = value.byteLength >> 8;
    bytes.set(value, at + HEAD_BYTES);
    at += HEAD_BYTES + value.byteLength;
  }
  return bytes;
}

/** The headers of a block, in order; values are views. Fails with `batch-malformed` when one does not end inside it. */
export function decodeHeaders(block: Uint8Array): RecordHeader[] {
  const headers: RecordHeader[] = [];
  let at = 0;
  while (at < block.byteLength) {
    const start = at + HEAD_BYTES;
    const end = start + Number(block[at + 1]) + Number(block[at + 2]) * 256;
    if (!(end <= block.byteLength))
      throw new JournalError('batch-malformed', `A header at byte ${at} does not end inside its block.`, {
        at,
      });
    headers.push({ key: Number(block[at]), value: block.subarray(start, end) });
    at = end;
  }
  return headers;
}
