import { HEADER } from '@skerry/journal';
import type { Refusal } from './processor-needs.ts';
import type { RecordCursor } from './record-cursor.ts';

/** Why a record of the topic of dead letters is one; undefined for every other record. */
export function kafkaRefusalOf(record: RecordCursor): Refusal | undefined {
  const told = record.payloadStart > record.headersStart ? record.header(HEADER.refusal) : undefined;
  if (told === undefined) return undefined;
  const space = told.indexOf(' ');
  const [reason, topic] = [told.slice(0, space), told.slice(space + 1)];
  const place = topic === '' ? 'a topic' : `the topic ${topic}`;
  return { reason: 'kafka-refused', detail: `Kafka refuses it for ${place}: ${reason}.`, stage: 'uplink' };
}
