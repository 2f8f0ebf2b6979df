import { HEADER, RECORD_KIND, type RecordKind } from '@skerry/journal';

/** One record as a test states it; what is absent is ordinary. */
export interface SampleRecord {
  readonly topic?: string;
  readonly payload?: string | Uint8Array;
  readonly kind?: RecordKind;
  readonly qos?: number;
  readonly receivedMicros?: number;
  readonly client?: string;
  /** User properties, and headers by key. */
  readonly user?: Readonly<Record<string, string>>;
  readonly replayOf?: number;
  readonly author?: string;
  readonly boundDevice?: string;
  readonly contentType?: string;
  /** `<journal>/<offset>/<number>`. */
  readonly origin?: string;
  /** A header block that goes before the others. */
  readonly headers?: Uint8Array;
  readonly tenant?: string;
  readonly project?: string;
}

/** When sample records are received unless they say so: 2026-01-01. */
export const SAMPLE_MICROS = 1_767_225_600_000_000;

/** A batch body in the layout of docs/formats/segment.md. */
export function bodyOf(records: readonly SampleRecord[]): Uint8Array<ArrayBuffer> {
  const projects: { tenant: string; project: string; received: number; qos0: number }[] = [];
  const parts = records.map((record) => {
    const { tenant = 't', project = 'p' } = record;
    let index = projects.findIndex((one) => one.tenant === tenant && one.project === project);
    if (index < 0) index = projects.push({ tenant, project, received: 0, qos0: 0 }) - 1;
    const counts = projects[index];
    if (counts && isTelemetry(record)) {
      counts.received++;
      if (record.qos === 0) counts.qos0++;
    }
    return recordBytes(record, index);
  });
  const table = projects.map(({ tenant, project, received, qos0 }) => {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(received, 0);
    head.writeUInt32LE(qos0, 4);
    head.writeUInt16LE(Buffer.byteLength(tenant), 8);
    head.writeUInt16LE(Buffer.byteLength(project), 10);
    return Buffer.concat([head, Buffer.from(tenant), Buffer.from(project)]);
  });
  const count = Buffer.alloc(2);
  count.writeUInt16LE(projects.length);
  return new Uint8Array(Buffer.concat([...parts, count, ...table]));
}

/** Whether the record is in the ledger. */
export function isTelemetry({ kind = RECORD_KIND.telemetry }: SampleRecord): boolean {
  return kind === RECORD_KIND.telemetry || kind === RECORD_KIND.misrouted;
}

function recordBytes(record: SampleRecord, project: number): Buffer {
  const topic = Buffer.from(record.topic ?? 'iot/t/p/d/telemetry');
  const client = Buffer.from(record.client ?? 'client');
  const headers = Buffer.concat(headersOf(record));
  const payload = Buffer.from(record.payload ?? '{"v":1}');
  const head = Buffer.alloc(24);
  head.writeUInt32LE(20 + topic.length + client.length + headers.length + payload.length, 0);
  head.writeUInt8(record.kind ?? RECORD_KIND.telemetry, 4);
  head.writeUInt8(record.qos ?? 1, 5);
  head.writeUInt16LE(project, 6);
  head.writeBigUInt64LE(BigInt(record.receivedMicros ?? SAMPLE_MICROS), 8);
  head.writeUInt16LE(topic.length, 16);
  head.writeUInt16LE(client.length, 18);
  head.writeUInt32LE(headers.length, 20);
  return Buffer.concat([head, topic, client, headers, payload]);
}

function headersOf(record: SampleRecord): Buffer[] {
  const header = (key: number, value: string) => {
    const bytes = Buffer.from(value);
    const head = Buffer.from([key, bytes.length & 255, bytes.length >> 8]);
    return Buffer.concat([head, bytes]);
  };
  const user = Object.entries(record.user ?? {}).map(([name, value]) =>
    header(HEADER.userProperty, `${name}\u0000${value}`),
  );
  if (record.contentType !== undefined) user.push(header(HEADER.contentType, record.contentType));
  if (record.boundDevice !== undefined) user.unshift(header(HEADER.boundDevice, record.boundDevice));
  if (record.headers !== undefined) user.unshift(Buffer.from(record.headers));
  if (record.replayOf !== undefined) user.push(header(HEADER.replayOf, String(record.replayOf)));
  if (record.author !== undefined) user.push(header(HEADER.author, record.author));
  if (record.origin !== undefined) user.push(header(HEADER.origin, record.origin));
  return user;
}
