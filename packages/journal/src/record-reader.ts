import { RECORD_KIND, type RecordKind } from './batch.ts';
import { JournalError } from './errors.ts';
import type { Offset, ReceivedCount, StoredBatch } from './journal.ts';
import { readProjectTable } from './project-table.ts';

const RECORD_HEAD_BYTES = 24;
const NO_PROJECT = 0xffff;
const KINDS: readonly number[] = Object.values(RECORD_KIND);
const MICROS_HIGH_END = 2 ** 21;

/** What `readBatch` needs of a batch. */
export type ReadableBatch = Pick<StoredBatch, 'body' | 'firstOffset' | 'count'>;

/**
 * A cursor over the records of a batch. Its fields are those of the record that `next` moved to. The places
 * (`topicStart` to `end`) are indexes into `body`; `topic`, `client`, `headers` and `payload` make views of it, so whoever
 * keeps them copies them.
 */
export class RecordReader {
  readonly body: Uint8Array;
  /** The batch's projects with the records counted at the append. */
  readonly projects: readonly ReceivedCount[];
  kind: RecordKind = RECORD_KIND.telemetry;
  qos = 0;
  retain = false;
  /** Index into `projects`, -1 for a record without one. */
  projectIndex = -1;
  receivedMicros = 0;
  offset: Offset;
  topicStart = 0;
  clientStart = 0;
  headersStart = 0;
  payloadStart = 0;
  /** Behind the payload, where the next record begins. */
  end = 0;
  readonly #view: DataView;
  #left: number;

  constructor(batch: ReadableBatch) {
    const { body } = batch;
    this.body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    this.#left = batch.count;
    this.offset = batch.firstOffset - 1;
    this.projects = readProjectTable(body, tableStartOf(this.#view, batch.count));
  }

  /** Moves to the next record; false behind the last. Fails with `batch-malformed`. */
  next(): boolean {
    if (this.#left === 0) return false;
    this.#left--;
    this.offset++;
    const view = this.#view;
    const at = this.end;
    const end = at + 4 + view.getUint32(at, true);
    const flags = view.getUint8(at + 5);
    const project = view.getUint16(at + 6, true);
    const high = view.getUint32(at + 12, true);
    this.topicStart = at + RECORD_HEAD_BYTES;
    this.clientStart = this.topicStart + view.getUint16(at + 16, true);
    this.headersStart = this.clientStart + view.getUint16(at + 18, true);
    this.payloadStart = this.headersStart + view.getUint32(at + 20, true);
    this.end = end;
    this.qos = flags & 3;
    this.retain = (flags & 4) !== 0;
    this.projectIndex = project === NO_PROJECT ? -1 : project;
    this.receivedMicros = view.getUint32(at + 8, true) + high * 4294967296;
    this.kind = kindOf(view.getUint8(at + 4), at);
    if (this.payloadStart > end) throw malformed('has fields that do not end inside it', at);
    if (flags > 6 || this.qos === 3) throw malformed(`has the flags ${flags}`, at);
    if (this.projectIndex >= this.projects.length) throw malformed(`names project ${project}`, at);
    if (high >= MICROS_HIGH_END) throw malformed('has an impossible receive time', at);
    return true;
  }

  /** Tenant of the record, empty without one. */
  get tenant(): string {
    return this.projects[this.projectIndex]?.tenant ?? '';
  }

  /** Project of the record, empty without one. */
  get project(): string {
    return this.projects[this.projectIndex]?.project ?? '';
  }

  /** UTF-8 bytes of the topic; a view. */
  get topic(): Uint8Array {
    return this.body.subarray(this.topicStart, this.clientStart);
  }

  /** UTF-8 bytes of the client id; a view. */
  get client(): Uint8Array {
    return this.body.subarray(this.clientStart, this.headersStart);
  }

  /** The header block, for `decodeHeaders`; a view. */
  get headers(): Uint8Array {
    return this.body.subarray(this.headersStart, this.payloadStart);
  }

  /** The payload; a view. */
  get payload(): Uint8Array {
    return this.body.subarray(this.payloadStart, this.end);
  }
}

/** A cursor before the first record of a batch. Fails with `batch-malformed` when records or table do not fit the body. */
export function readBatch(batch: ReadableBatch): RecordReader {
  return new RecordReader(batch);
}

/** Walks the lengths of all records, so that `next` reads inside the body whatever stands there. */
function tableStartOf(view: DataView, count: number): number {
  const { byteLength } = view;
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + RECORD_HEAD_BYTES > byteLength) throw malformed('begins behind the batch', at);
    const length = view.getUint32(at, true);
    if (length < RECORD_HEAD_BYTES - 4) throw malformed(`claims ${length} bytes`, at);
    at += 4 + length;
  }
  return at;
}

function kindOf(kind: number, at: number): RecordKind {
  if (!KINDS.includes(kind)) throw malformed(`has the kind ${kind}`, at);
  return kind as RecordKind; // one of the values of RECORD_KIND, just looked up
}

function malformed(what: string, at: number): JournalError {
  return new JournalError('batch-malformed', `The record at byte ${at} of a batch ${what}.`, { at });
}
