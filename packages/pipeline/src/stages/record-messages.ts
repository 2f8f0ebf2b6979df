import type { PointValue } from '@skerry/model';
import type { DecodedRecord } from '../decoded-record.ts';
import type { StageMessage } from './stage-message.ts';

/** What all messages of one record have in common. */
export interface RecordFacts {
  readonly tenant: string;
  readonly project: string;
  readonly topic: string;
  readonly receivedMicros: number;
  readonly attributes: ReadonlyMap<string, string>;
}

const NONE: ReadonlyMap<string, string> = new Map();

/** The elements of a decoded record as messages; `ids` and `times` are their devices and event times. */
export function messagesOf(
  record: DecodedRecord,
  facts: RecordFacts,
  ids: readonly string[],
  times: readonly number[],
): StageMessage[] {
  const messages: StageMessage[] = [];
  let textUnits = Math.ceil(record.textBytes / 3);
  for (const texts of [record.units, facts.attributes])
    for (const [name, text] of texts) textUnits += name.length + text.length;
  const hasAttributes = record.units.size + facts.attributes.size > 0;
  let at = 0;
  for (let i = 0; i < record.elementCount; i++) {
    const end = Number(record.elements[i]?.end);
    const metrics = new Map<string, PointValue>();
    for (; at < end; at++) metrics.set(record.nodes[at]?.name ?? '', record.value(at));
    messages.push({
      tenant: facts.tenant,
      project: facts.project,
      topic: facts.topic,
      receivedMicros: facts.receivedMicros,
      device: ids[i] ?? '',
      timeMicros: times[i] ?? facts.receivedMicros,
      metrics,
      attributes: hasAttributes ? new Map([...record.units, ...facts.attributes]) : NONE,
      textUnits,
      isResult: false,
    });
  }
  return messages;
}
