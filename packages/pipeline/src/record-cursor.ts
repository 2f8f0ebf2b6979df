import type { StoredBatch } from '@skerry/journal';
import { HEADER } from '@skerry/journal';
import { ENCODING_PROPERTY, NO_LABEL, type PayloadLabel } from './decoders/payload-format.ts';

/** A project as the batch names it. */
export interface BatchProject {
  readonly tenant: string;
  readonly project: string;
}

const RECORD_HEAD = 24;
const NO_PROJECT = 0xffff;

/**
 * Walks the records of one batch body (docs/formats/segment.md) without an object or a copy per record. The places
 * are indexes into `bytes`, and are those of the record that `next` moved to.
 */
export class RecordCursor {
  bytes: Buffer = Buffer.alloc(0);
  /** Offset of the record in the journal. */
  offset = -1;
  kind = 0;
  qos = 0;
  /** Index into `projects`, or -1. */
  project = -1;
  receivedMicros = 0;
  topicStart = 0;
  clientStart = 0;
  headersStart = 0;
  payloadStart = 0;
  end = 0;
  projects: readonly BatchProject[] = [];
  #batchEnd = 0;

  /** Begins a batch; `next` moves to its first record. Keeps a view of the body, no copy. */
  begin(batch: StoredBatch): void {
    const { body } = batch;
    this.bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    this.offset = batch.firstOffset - 1;
    this.#batchEnd = batch.firstOffset + batch.count;
    this.end = 0;
    this.projects = readProjects(this.bytes, batch.count);
  }

  /** Moves to the next record; false behind the last. */
  next(): boolean {
    if (this.offset + 1 >= this.#batchEnd) return false;
    this.offset++;
    const at = this.end;
    const bytes = this.bytes;
    this.end = at + 4 + word(bytes, at);
    if (!(this.end <= bytes.length))
      throw new RangeError(
        `Record ${this.offset} ends at byte ${this.end} of a batch of ${bytes.length} bytes.`,
      );
    this.kind = Number(bytes[at + 4]);
    this.qos = Number(bytes[at + 5]) & 3;
    const project = Number(bytes[at + 6]) | (Number(bytes[at + 7]) << 8);
    this.project = project === NO_PROJECT ? -1 : project;
    this.receivedMicros = word(bytes, at + 8) + word(bytes, at + 12) * 4294967296;
    this.topicStart = at + RECORD_HEAD;
    this.clientStart = this.topicStart + (Number(bytes[at + 16]) | (Number(bytes[at + 17]) << 8));
    this.headersStart = this.clientStart + (Number(bytes[at + 18]) | (Number(bytes[at + 19]) << 8));
    this.payloadStart = this.headersStart + word(bytes, at + 20);
    return true;
  }

  get topic(): string {
    return this.bytes.toString('utf8', this.topicStart, this.clientStart);
  }

  get client(): string {
    return this.bytes.toString('utf8', this.clientStart, this.headersStart);
  }

  /** The payload; a view into the batch. */
  get payload(): Buffer {
    return this.bytes.subarray(this.payloadStart, this.end);
  }

  /** The header block; a view into the batch. */
  get headers(): Buffer {
    return this.bytes.subarray(this.headersStart, this.payloadStart);
  }

  /** The first header of a key as text, or undefined. */
  header(key: number): string | undefined {
    let found: string | undefined;
    this.#eachHeader((one, start, end) => {
      if (one === key) found ??= this.bytes.toString('utf8', start, end);
    });
    return found;
  }

  /** What the record says of its payload: content type and compression. */
  get label(): PayloadLabel {
    if (this.payloadStart === this.headersStart) return NO_LABEL;
    let contentType = '';
    let contentEncoding = '';
    this.#eachHeader((key, start, end) => {
      if (key === HEADER.contentType) contentType = this.bytes.toString('utf8', start, end);
      else if (key === HEADER.userProperty && this.#isEncoding(start, end))
        contentEncoding = this.bytes.toString('utf8', start + ENCODING_PROPERTY.length + 1, end);
    });
    return contentType === '' && contentEncoding === '' ? NO_LABEL : { contentType, contentEncoding };
  }

  #isEncoding(start: number, end: number): boolean {
    const { length } = ENCODING_PROPERTY;
    if (end - start <= length || this.bytes[start + length] !== 0) return false;
    return this.bytes.toString('latin1', start, start + length) === ENCODING_PROPERTY;
  }

  /** The device that the publisher is bound to, where it is: the first header. */
  get boundDevice(): string | undefined {
    const at = this.headersStart;
    if (this.payloadStart === at || this.bytes[at] !== HEADER.boundDevice) return undefined;
    const start = at + 3;
    return this.bytes.toString('utf8', start, start + this.bytes.readUInt16LE(at + 1));
  }

  /** The `traceparent` of whoever took the record in, else that of its publisher; undefined without one. */
  get traceParent(): string | undefined {
    return this.#traceText(HEADER.trace) ?? this.#traceText(HEADER.userProperty, 'traceparent');
  }

  /** The publisher's `tracestate`; undefined without one. */
  get traceState(): string | undefined {
    return this.#traceText(HEADER.userProperty, 'tracestate');
  }

  /** Asked of every record while something is traced: no text is made of other headers. */
  #traceText(wanted: number, name = ''): string | undefined {
    const { bytes } = this;
    const skip = name === '' ? 0 : name.length + 1;
    for (let at = this.headersStart; at + 3 <= this.payloadStart; ) {
      const start = at + 3;
      const end = start + Number(bytes[at + 1]) + Number(bytes[at + 2]) * 256;
      if (bytes[at] === wanted && end - start >= skip && this.#isNamed(name, start))
        return bytes.toString('latin1', start + skip, end);
      at = end;
    }
    return undefined;
  }

  #isNamed(name: string, start: number): boolean {
    if (name === '') return true;
    for (let i = 0; i < name.length; i++) if (this.bytes[start + i] !== name.charCodeAt(i)) return false;
    return this.bytes[start + name.length] === 0;
  }

  /** Calls back with every user property. */
  userProperties(callback: (name: string, value: string) => void): void {
    this.#eachHeader((key, start, end) => {
      if (key !== HEADER.userProperty) return;
      const text = this.bytes.toString('utf8', start, end);
      const nul = text.indexOf('\u0000');
      if (nul >= 0) callback(text.slice(0, nul), text.slice(nul + 1));
    });
  }

  #eachHeader(callback: (key: number, start: number, end: number) => void): void {
    let at = this.headersStart;
    while (at + 3 <= this.payloadStart) {
      const start = at + 3;
      const end = start + this.bytes.readUInt16LE(at + 1);
      callback(Number(this.bytes[at]), start, end);
      at = end;
    }
  }
}

/** 32 bits, little-endian; NaN behind the end. */
function word(bytes: Buffer, at: number): number {
  const low = Number(bytes[at]) | (Number(bytes[at + 1]) << 8) | (Number(bytes[at + 2]) << 16);
  return low + Number(bytes[at + 3]) * 0x1000000;
}

function readProjects(bytes: Buffer, count: number): BatchProject[] {
  let at = 0;
  for (let i = 0; i < count; i++) at += 4 + word(bytes, at);
  const projects: BatchProject[] = [];
  const projectCount = bytes.readUInt16LE(at); // fails where the batch ends early
  at += 2;
  for (let i = 0; i < projectCount; i++) {
    const tenantEnd = at + 12 + bytes.readUInt16LE(at + 8);
    const projectEnd = tenantEnd + bytes.readUInt16LE(at + 10);
    projects.push({
      tenant: bytes.toString('utf8', at + 12, tenantEnd),
      project: bytes.toString('utf8', tenantEnd, projectEnd),
    });
    at = projectEnd;
  }
  return projects;
}
