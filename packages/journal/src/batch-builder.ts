import { type EncodedBatch, RECORD_KIND, type RecordInput } from './batch.ts';
import { JournalError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { PROJECT_ENTRY_BYTES, PROJECT_TABLE_BYTES } from './project-table.ts';

const RECORD_HEAD_BYTES = 24;
const NO_PROJECT = 0xffff;
const FIRST_BYTES = 64 * 1024;
/** Up to here a loop over bytes is quicker than a call. */
const LOOP_BYTES = 24;
/** One for the batch that follows, and one for the batch after it. */
const SPARES_LEAST = 2;
/** More of them while they are small: batches that wait for whoever reads them come back in bursts. */
const SPARE_BYTES = 4 * 2 ** 20;
const RETAINED_PAYLOAD_KINDS: readonly number[] = [
  RECORD_KIND.message,
  RECORD_KIND.telemetry,
  RECORD_KIND.misrouted,
];
const encoder = new TextEncoder();

interface KnownProject {
  readonly tenant: Uint8Array;
  readonly project: Uint8Array;
}

/** Sizes at which a `BatchBuilder` says that it is full; what is absent has the value of `LIMITS`. */
export interface BatchLimits {
  readonly batchBytesMax?: number;
  readonly batchRecordsMax?: number;
}

/**
 * Collects records in the layout of the disk (docs/formats/segment.md), one batch at a time, counting them per project.
 * A batch that fills more than half of the buffer takes the buffer with it, a smaller one is copied out of it.
 */
export class BatchBuilder {
  readonly #bytesMax: number;
  readonly #recordsMax: number;
  #bytes = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;
  #count = 0;
  #telemetryCount = 0;
  #hasRetained = false;
  readonly #numbers = new Map<string, Map<string, number>>();
  readonly #projects: KnownProject[] = [];
  /** By project number: its place in the open batch's table, good while the generation is that of the batch. */
  #places = new Uint16Array(64);
  #generations = new Uint32Array(64);
  #generation = 1;
  /** The open batch's table: project numbers, records, records of QoS 0. */
  readonly #table: number[] = [];
  readonly #received: number[] = [];
  readonly #receivedQos0: number[] = [];
  #tableBytes = PROJECT_TABLE_BYTES;
  /** Of batches that are done with, as large as the buffer. */
  readonly #spares: ArrayBuffer[] = [];

  constructor(limits: BatchLimits = {}) {
    this.#bytesMax = limits.batchBytesMax ?? LIMITS.batchBytesMax.value;
    this.#recordsMax = Math.min(
      limits.batchRecordsMax ?? LIMITS.batchRecordsMax.value,
      LIMITS.commitRecordsMax.value,
    );
  }

  /** Records in the open batch. */
  get count(): number {
    return this.#count;
  }

  /** Bytes of the open batch as it would be closed now. */
  get byteLength(): number {
    return this.#length + this.#tableBytes;
  }

  /** True when the open batch should be closed before another record. It takes more all the same, but for projects. */
  get isFull(): boolean {
    return (
      this.byteLength >= this.#bytesMax ||
      this.#count >= this.#recordsMax ||
      this.#table.length >= LIMITS.batchProjectsMax.value
    );
  }

  /** The number that stands for a tenant and project in `RecordInput.project`, the same for the builder's whole life. Fails with `too-many-projects`, `record-too-large`. */
  project(tenant: string, project: string): number {
    const known = this.#numbers.get(tenant)?.get(project);
    return known ?? this.#learn(tenant, project);
  }

  /** Copies a record into the open batch. Fails with `record-too-large` when topic or client id exceed 65,535 bytes; nothing is added then. */
  add(input: RecordInput): void {
    const { topic, client, headers, payload } = input;
    const topicBytes = topic.length;
    const clientBytes = client.length;
    if (topicBytes > LIMITS.fieldBytesMax.value || clientBytes > LIMITS.fieldBytesMax.value)
      throw tooLarge(Math.max(topicBytes, clientBytes));
    const length = RECORD_HEAD_BYTES + topicBytes + clientBytes + headers.length + payload.length;
    const at = this.#length;
    if (at + length > this.#bytes.length) this.#grow(at + length);
    const view = this.#view;
    view.setUint32(at, length - 4, true);
    view.setUint8(at + 4, input.kind);
    view.setUint8(at + 5, input.qos | (input.retain ? 4 : 0));
    view.setUint16(at + 6, input.project < 0 ? NO_PROJECT : this.#place(input.project), true);
    view.setUint32(at + 8, input.receivedMicros, true);
    view.setUint32(at + 12, input.receivedMicros / 4294967296, true);
    view.setUint16(at + 16, topicBytes, true);
    view.setUint16(at + 18, clientBytes, true);
    view.setUint32(at + 20, headers.length, true);
    const bytes = this.#bytes;
    const clientStart = at + RECORD_HEAD_BYTES + topicBytes;
    const headersStart = clientStart + clientBytes;
    copy(topic, bytes, at + RECORD_HEAD_BYTES);
    copy(client, bytes, clientStart);
    copy(headers, bytes, headersStart);
    copy(payload, bytes, headersStart + headers.length);
    this.#length = at + length;
    this.#count++;
    this.#note(input);
  }

  /** The batch, owned by the caller, or undefined without records. The builder goes on with an empty one. */
  close(): EncodedBatch | undefined {
    if (this.#count === 0) return undefined;
    const tableStart = this.#length;
    const end = tableStart + this.#tableBytes;
    if (end > this.#bytes.length) this.#grow(end);
    this.#writeTable(tableStart);
    const batch: EncodedBatch = {
      bytes: this.#handOver(end),
      tableStart,
      count: this.#count,
      telemetryCount: this.#telemetryCount,
      hasRetained: this.#hasRetained,
    };
    this.#length = 0;
    this.#count = 0;
    this.#telemetryCount = 0;
    this.#hasRetained = false;
    this.#table.length = 0;
    this.#tableBytes = PROJECT_TABLE_BYTES;
    this.#generation++;
    return batch;
  }

  /** Takes the bytes of a batch that nobody looks at any more: a later batch is written there, or they are freed at once. */
  reuse(bytes: ArrayBuffer): void {
    const { byteLength } = bytes;
    const most = Math.max(SPARES_LEAST, Math.floor(SPARE_BYTES / byteLength));
    if (byteLength === this.#bytes.length && this.#spares.length < most) this.#spares.push(bytes);
    else bytes.transfer(0);
  }

  #note(input: RecordInput): void {
    const { kind } = input;
    if (input.retain && RETAINED_PAYLOAD_KINDS.includes(kind)) this.#hasRetained = true;
    if (kind !== RECORD_KIND.telemetry && kind !== RECORD_KIND.misrouted) return;
    this.#telemetryCount++;
    if (input.project < 0) return;
    const place = Number(this.#places[input.project]);
    this.#received[place] = Number(this.#received[place]) + 1;
    if (input.qos === 0) this.#receivedQos0[place] = Number(this.#receivedQos0[place]) + 1;
  }

  /** Place of a project in the open batch's table, which is given one where it has none. */
  #place(number: number): number {
    if (this.#generations[number] === this.#generation) return Number(this.#places[number]);
    const known = this.#projects[number];
    if (!known) throw new RangeError(`No project has the number ${number}.`);
    const place = this.#table.length;
    if (place >= LIMITS.batchProjectsMax.value) throw tooManyProjects('the open batch', place);
    this.#table.push(number);
    this.#received[place] = 0;
    this.#receivedQos0[place] = 0;
    this.#places[number] = place;
    this.#generations[number] = this.#generation;
    this.#tableBytes += PROJECT_ENTRY_BYTES + known.tenant.length + known.project.length;
    return place;
  }

  #learn(tenant: string, project: string): number {
    const number = this.#projects.length;
    if (number >= LIMITS.knownProjectsMax.value) throw tooManyProjects('this process', number);
    const known = { tenant: encoder.encode(tenant), project: encoder.encode(project) };
    const longest = Math.max(known.tenant.length, known.project.length);
    if (longest > LIMITS.fieldBytesMax.value) throw tooLarge(longest);
    this.#projects.push(known);
    if (number >= this.#places.length) {
      this.#places = grown(this.#places, new Uint16Array(number * 2));
      this.#generations = grown(this.#generations, new Uint32Array(number * 2));
    }
    const ofTenant = this.#numbers.get(tenant) ?? new Map<string, number>();
    this.#numbers.set(tenant, ofTenant.set(project, number));
    return number;
  }

  #writeTable(start: number): void {
    const view = this.#view;
    view.setUint16(start, this.#table.length, true);
    let at = start + PROJECT_TABLE_BYTES;
    for (const [place, number] of this.#table.entries()) {
      const known = this.#projects[number];
      if (!known) continue;
      view.setUint32(at, Number(this.#received[place]), true);
      view.setUint32(at + 4, Number(this.#receivedQos0[place]), true);
      view.setUint16(at + 8, known.tenant.length, true);
      view.setUint16(at + 10, known.project.length, true);
      this.#bytes.set(known.tenant, at + PROJECT_ENTRY_BYTES);
      this.#bytes.set(known.project, at + PROJECT_ENTRY_BYTES + known.tenant.length);
      at += PROJECT_ENTRY_BYTES + known.tenant.length + known.project.length;
    }
  }

  #handOver(end: number): Uint8Array<ArrayBuffer> {
    if (end * 2 < this.#bytes.length) return this.#bytes.slice(0, end);
    const whole = this.#bytes.subarray(0, end);
    const spare = this.#spares.pop();
    this.#use(spare ? new Uint8Array(spare) : room(Math.min(this.#bytes.length, this.#bytesMax * 2)));
    return whole;
  }

  #grow(needed: number): void {
    const larger = room(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    for (const spare of this.#spares.splice(0)) spare.transfer(0);
    this.#use(larger);
  }

  #use(bytes: Uint8Array<ArrayBuffer>): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
  }
}

function copy(from: Uint8Array, to: Uint8Array, at: number): void {
  const { length } = from;
  if (length > LOOP_BYTES) to.set(from, at);
  else for (let i = 0; i < length; i++) to[at + i] = Number(from[i]);
}

/** Bytes of a buffer of their own, not cleared: every one of them is written before it is handed over. */
function room(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
}

function grown<T extends Uint16Array | Uint32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

function tooLarge(bytes: number): JournalError {
  const most = LIMITS.fieldBytesMax.value;
  return new JournalError('record-too-large', `Cannot add a field of ${bytes} bytes; at most ${most}.`, {
    bytes,
  });
}

function tooManyProjects(where: string, count: number): JournalError {
  return new JournalError('too-many-projects', `Cannot take another project; ${where} has ${count}.`, {
    count,
  });
}
