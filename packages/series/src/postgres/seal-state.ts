import { constants, crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { DeviceKey } from '@skerry/model';
import { AccountColumns } from '../account-columns.ts';
import { ByteReader, ByteWriter, chunkDamaged } from '../chunk-bytes.ts';
import type { DedupeEntries, DeviceAccount, DeviceGaps, Seal } from '../store.ts';

const VERSION = 1;
const HEADER_BYTES = 5;
const PLAIN_BYTES_MAX = 512;
// fixed by the format: a seal of a million devices stays far below, so more is damage
const STATE_BYTES_MAX = 2 ** 29;
const ZSTD_FAST = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const writer = new ByteWriter();

/** What a seal changes of the state of devices. */
export interface SealState {
  readonly accounts: readonly DeviceAccount[];
  readonly dedupe: readonly DedupeEntries[];
  readonly gaps: readonly DeviceGaps[];
}

/** Encodes the state of a seal as one value: docs/formats/postgres.md. */
export function encodeState(seal: Pick<Seal, 'accounts' | 'dedupe' | 'gaps'>): Uint8Array<ArrayBuffer> {
  writer.reset();
  writeAccounts(AccountColumns.of(seal.accounts));
  writer.varint(seal.dedupe.length);
  for (const one of seal.dedupe) {
    writeKey(one);
    writer.varint(one.count);
    writer.varint(one.newestMicros);
    writer.varint(one.bytes.byteLength);
    writer.append(one.bytes);
  }
  writeText(seal.gaps.length === 0 ? '' : JSON.stringify(seal.gaps));
  const plain = writer.copy();
  const isPlain = plain.byteLength <= PLAIN_BYTES_MAX;
  const body = isPlain ? plain : new Uint8Array(zstdCompressSync(plain, ZSTD_FAST));
  const bytes = new Uint8Array(HEADER_BYTES + body.byteLength);
  bytes[0] = isPlain ? VERSION : VERSION | 0x80;
  bytes.set(body, HEADER_BYTES);
  new DataView(bytes.buffer).setUint32(1, crc32(body));
  return bytes;
}

/** Decodes what `encodeState` made. Anything else fails with `chunk-damaged`. */
export function decodeState(bytes: Uint8Array): SealState {
  if (bytes.byteLength < HEADER_BYTES) throw chunkDamaged('it ends early');
  const body = bytes.subarray(HEADER_BYTES);
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  if (stored !== crc32(body)) throw chunkDamaged('its checksum does not fit');
  const kind = Number(bytes[0]);
  if ((kind & 0x7f) !== VERSION) throw chunkDamaged(`its version is ${kind & 0x7f} and not ${VERSION}`);
  const reader = new ByteReader(kind & 0x80 ? inflate(body) : body);
  const accounts = readAccounts(reader);
  const dedupe = Array.from({ length: readCount(reader) }, (): DedupeEntries => {
    const key = readKey(reader);
    const count = reader.varint();
    const newestMicros = reader.varint();
    const length = reader.varint();
    const start = reader.take(length);
    return {
      ...key,
      count,
      newestMicros,
      bytes: new Uint8Array(reader.bytes.subarray(start, start + length)),
    };
  });
  const text = readText(reader);
  const gaps: readonly DeviceGaps[] = text === '' ? [] : JSON.parse(text); // written from this type, its checksum fits
  return { accounts, dedupe, gaps };
}

function writeAccounts({ owners, ownerOf, devices, counts, rows }: AccountColumns): void {
  writer.varint(owners.length);
  for (const { tenant, project } of owners) {
    writeText(tenant);
    writeText(project);
  }
  writer.varint(rows);
  const width = rows === 0 ? 0 : counts.length / rows;
  for (let row = 0; row < rows; row++) {
    writer.varint(Number(ownerOf[row]));
    writeText(devices[row] ?? '');
    // a count below zero is the ledger's to tell, so it must come through
    for (let at = row * width; at < (row + 1) * width; at++) writer.zigzag(Number(counts[at]));
  }
}

function readAccounts(reader: ByteReader): DeviceAccount[] {
  const owners = Array.from({ length: readCount(reader) }, () => ({
    tenant: readText(reader),
    project: readText(reader),
  }));
  return Array.from({ length: readCount(reader) }, () => {
    const owner = owners[reader.varint()];
    if (!owner) throw chunkDamaged('it has an account of nobody');
    const device = readText(reader);
    return {
      ...owner,
      device,
      stored: reader.zigzag(),
      deduplicated: reader.zigzag(),
      filtered: reader.zigzag(),
      deadLettered: reader.zigzag(),
      discarded: reader.zigzag(),
      expired: reader.zigzag(),
      timeCorrected: reader.zigzag(),
      seqResets: reader.zigzag(),
      lastSeenMicros: reader.zigzag(),
    };
  });
}

/** A count of things of at least one byte each. */
function readCount(reader: ByteReader): number {
  const count = reader.varint();
  if (count > reader.bytes.byteLength) throw chunkDamaged(`it claims ${count} entries`);
  return count;
}

function writeKey({ tenant, project, device }: DeviceKey): void {
  writeText(tenant);
  writeText(project);
  writeText(device);
}

function readKey(reader: ByteReader): DeviceKey {
  return { tenant: readText(reader), project: readText(reader), device: readText(reader) };
}

/** Ids are ASCII as a rule, and short: a loop writes them without an object for each. */
function writeText(text: string): void {
  const start = writer.length;
  writer.varint(text.length);
  const at = writer.take(text.length);
  const { bytes } = writer;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) {
      writer.length = start;
      const encoded = encoder.encode(text);
      writer.varint(encoded.byteLength);
      writer.append(encoded);
      return;
    }
    bytes[at + i] = code;
  }
}

function readText(reader: ByteReader): string {
  const length = reader.varint();
  const start = reader.take(length);
  return decoder.decode(reader.bytes.subarray(start, start + length));
}

function inflate(body: Uint8Array): Uint8Array {
  try {
    return zstdDecompressSync(body, { maxOutputLength: STATE_BYTES_MAX });
  } catch (cause) {
    throw chunkDamaged('it cannot be inflated', cause);
  }
}
