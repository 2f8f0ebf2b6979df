import { type EncodedBatch, RECORD_KIND, type RecordInput } from '../batch.ts';
import { BatchBuilder } from '../batch-builder.ts';
import type { Journal, Offset } from '../journal.ts';
import { readBatch } from '../record-reader.ts';

/** What a test says of a record; the rest has plain values. */
export interface SampleRecord extends Partial<Omit<RecordInput, 'project' | 'topic' | 'client' | 'payload'>> {
  readonly tenant?: string;
  /** `undefined` when absent is the project `p`; `null` a record without one. */
  readonly project?: string | null;
  readonly topic?: string;
  readonly client?: string;
  readonly payload?: string;
}

const SAMPLE_MICROS = 1_767_225_600_000_000;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A record as `BatchBuilder.add` takes it. */
export function aRecord(builder: Pick<BatchBuilder, 'project'>, sample: SampleRecord = {}): RecordInput {
  const { tenant = 't', project = 'p', topic = 'iot/t/p/d/telemetry', client = 'c', payload = '1' } = sample;
  return {
    kind: sample.kind ?? RECORD_KIND.telemetry,
    qos: sample.qos ?? 1,
    retain: sample.retain ?? false,
    project: project === null ? -1 : builder.project(tenant, project),
    receivedMicros: sample.receivedMicros ?? SAMPLE_MICROS,
    topic: encoder.encode(topic),
    client: encoder.encode(client),
    payload: encoder.encode(payload),
    headers: sample.headers ?? new Uint8Array(0),
  };
}

/** A closed batch of the records; one of plain values when none are given. */
export function aBatch(...samples: readonly SampleRecord[]): EncodedBatch {
  const builder = new BatchBuilder();
  for (const sample of samples.length === 0 ? [{}] : samples) builder.add(aRecord(builder, sample));
  const batch = builder.close();
  if (!batch) throw new RangeError('A batch has at least one record.');
  return batch;
}

/** Payloads of all records from `from` to the end, as text, with their offsets; read in steps of about `bytesMax`. */
export async function payloadsFrom(
  journal: Pick<Journal, 'read' | 'end'>,
  from: Offset,
  bytesMax = 2 ** 16,
): Promise<{ readonly offset: Offset; readonly payload: string }[]> {
  const found: { readonly offset: Offset; readonly payload: string }[] = [];
  for (let at = from; at < journal.end; ) {
    for (const batch of await journal.read(at, bytesMax)) {
      const reader = readBatch(batch);
      while (reader.next()) {
        if (reader.offset < from) continue;
        found.push({ offset: reader.offset, payload: decoder.decode(reader.payload) });
      }
      at = batch.firstOffset + batch.count;
    }
  }
  return found;
}
