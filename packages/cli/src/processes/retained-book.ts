import { crc32 } from 'node:zlib';
import {
  BatchBuilder,
  decodeHeaders,
  HEADER,
  RECORD_KIND,
  type ReadableBatch,
  type RecordKind,
  readBatch,
} from '@skerry/journal';
import { hexOf } from '@skerry/kernel';
import { mayTake } from '@skerry/model';
import type { IngressProperties, RetainedMessage } from '@skerry/mqtt';
import { LIMITS as MQTT_LIMITS } from '@skerry/mqtt/limits';

/** A snapshot as it lies on disk: docs/formats/retained.md. */
export interface RetainedSnapshot {
  readonly journalId: string;
  /** Records below are in the snapshot. */
  readonly offset: number;
}

interface Entry {
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
  readonly headers: Uint8Array;
  readonly qos: number;
  readonly receivedMicros: number;
}

const HEAD_BYTES = 64;
const MAGIC = new TextEncoder().encode('SKRT0001');
const KINDS: readonly RecordKind[] = [RECORD_KIND.message, RECORD_KIND.telemetry, RECORD_KIND.misrouted];
const EMPTY = new Uint8Array(0);
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The newest retained message of each topic, as records of the journal tell in log order. */
export class RetainedBook {
  readonly #tenantOf: (topic: string) => string;
  readonly #entries = new Map<string, Entry>();
  readonly #held = new Map<string, { count: number; bytes: number }>();
  #bytes = 0;
  /** What a snapshot holds kept within its tenant's share when it came. */
  #isRestoring = false;

  constructor(tenantOf: (topic: string) => string = () => '') {
    this.#tenantOf = tenantOf;
  }

  /** Takes in what a batch retains or clears. */
  note(batch: ReadableBatch): void {
    const record = readBatch(batch);
    while (record.next()) {
      if (!record.retain || !KINDS.includes(record.kind)) continue;
      const topic = record.topic.slice();
      const { qos, receivedMicros } = record;
      this.#set(decoder.decode(topic), {
        topic,
        payload: record.payload.slice(),
        headers: record.headers.slice(),
        qos,
        receivedMicros,
      });
    }
  }

  /** The messages, those whose topic was first retained earliest first. */
  list(): RetainedMessage[] {
    return [...this.#entries].map(([topic, entry]) => ({
      topic,
      payload: entry.payload,
      qos: qosOf(entry.qos),
      properties: propertiesOf(entry.headers),
      receivedMicros: entry.receivedMicros,
    }));
  }

  /** The snapshot file of these messages. */
  encode(snapshot: RetainedSnapshot): Uint8Array<ArrayBuffer> {
    const builder = new BatchBuilder();
    for (const entry of this.#entries.values()) {
      builder.add({ ...entry, kind: RECORD_KIND.message, retain: true, project: -1, client: EMPTY });
    }
    const body = builder.close();
    const bytes = new Uint8Array(HEAD_BYTES + (body?.bytes.byteLength ?? 0));
    const view = new DataView(bytes.buffer);
    bytes.set(MAGIC, 0);
    bytes.set(Uint8Array.fromHex(snapshot.journalId), 8);
    view.setBigUint64(24, BigInt(snapshot.offset), true);
    view.setUint32(32, body?.count ?? 0, true);
    view.setUint32(36, body?.bytes.byteLength ?? 0, true);
    if (body) bytes.set(body.bytes, HEAD_BYTES);
    view.setUint32(40, crc32(bytes.subarray(HEAD_BYTES)), true);
    view.setUint32(44, crc32(bytes.subarray(0, 44)), true);
    return bytes;
  }

  /** Takes in a snapshot file; undefined, and nothing changed, when it is not a whole, valid one. */
  restore(bytes: Uint8Array): RetainedSnapshot | undefined {
    if (bytes.byteLength < HEAD_BYTES) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const isWhole =
      MAGIC.every((byte, i) => bytes[i] === byte) &&
      view.getUint32(44, true) === crc32(bytes.subarray(0, 44)) &&
      view.getUint32(36, true) === bytes.byteLength - HEAD_BYTES &&
      view.getUint32(40, true) === crc32(bytes.subarray(HEAD_BYTES));
    if (!isWhole) return undefined;
    const count = view.getUint32(32, true);
    this.#isRestoring = true;
    if (count > 0) this.note({ body: bytes.subarray(HEAD_BYTES), firstOffset: 0, count });
    this.#isRestoring = false;
    return { journalId: hexOf(bytes.subarray(8, 24)), offset: Number(view.getBigUint64(24, true)) };
  }

  /** Like the broker: a message beyond the limits, or its tenant's share of them, is not retained. */
  #set(topic: string, entry: Entry): void {
    const before = this.#entries.get(topic);
    const tenant = this.#tenantOf(topic);
    const held = this.#held.get(tenant) ?? { count: 0, bytes: 0 };
    const isCleared = entry.payload.byteLength === 0;
    const grown = (isCleared ? 0 : sizeOf(entry)) - (before ? sizeOf(before) : 0);
    const added = Number(!isCleared) - Number(before !== undefined);
    if (!this.#hasRoom(held, added, grown)) return;
    if (isCleared) this.#entries.delete(topic);
    else this.#entries.set(topic, entry);
    this.#bytes += grown;
    this.#held.set(tenant, { count: held.count + added, bytes: held.bytes + grown });
  }

  #hasRoom(held: { readonly count: number; readonly bytes: number }, added: number, grown: number): boolean {
    const { retainedCountMax, retainedBytesMax } = MQTT_LIMITS;
    const may = (mine: number, total: number, max: number, count: number): boolean =>
      count <= 0 || (this.#isRestoring ? total + count <= max : mayTake({ held: mine, total, max }, count));
    return (
      may(held.count, this.#entries.size, retainedCountMax.value, added) &&
      may(held.bytes, this.#bytes, retainedBytesMax.value, grown)
    );
  }
}

function sizeOf({ topic, payload }: Entry): number {
  return topic.byteLength + payload.byteLength;
}

function qosOf(qos: number): 0 | 1 | 2 {
  return qos === 0 || qos === 1 ? qos : 2;
}

function propertiesOf(block: Uint8Array): IngressProperties | undefined {
  if (block.byteLength === 0) return undefined;
  const properties: { -readonly [K in keyof IngressProperties]: IngressProperties[K] } = {};
  const user: (readonly [string, string])[] = [];
  for (const { key, value } of decodeHeaders(block)) {
    const text = decoder.decode(value);
    if (key === HEADER.contentType) properties.contentType = text;
    else if (key === HEADER.payloadFormat) properties.payloadFormat = value[0] === 1 ? 1 : 0;
    else if (key === HEADER.messageExpirySecs) properties.messageExpirySecs = Number(text);
    else if (key === HEADER.responseTopic) properties.responseTopic = text;
    else if (key === HEADER.correlation) properties.correlation = value.slice();
    else if (key === HEADER.userProperty) {
      const end = text.indexOf('\0');
      user.push([text.slice(0, end), text.slice(end + 1)]);
    }
  }
  if (user.length > 0) properties.user = user;
  return properties;
}
