import type { DeadLetterOutcome } from '../../generated/client.ts';
import { count, things } from '../../words/english.ts';

const DONE = { replay: 'processed', discard: 'discarded' } as const;

/** Texts of the dead letters, in English. */
export const en = {
  title: 'Dead letters',
  words: 'Records that could not be processed. They are kept whole until they are replayed or discarded.',
  state: 'State',
  states: { open: 'Open', replayed: 'Replayed', discarded: 'Discarded', expired: 'Expired', any: 'Any' },
  reason: 'Reason',
  byReason: 'By reason',
  reasons: {
    'unknown-topic': 'Unknown topic',
    undecodable: 'Cannot be decoded',
    'series-limit': 'Too many series',
    'too-many-points': 'Too many points',
    'stage-failed': 'A stage failed',
    'kafka-refused': 'Refused by Kafka',
  },
  why: {
    'unknown-topic':
      'Lies under a telemetry prefix but fits no topic template. Mend the topic at the sender, or add a template.',
    undecodable:
      'The payload is not in a format that a decoder knows. Mend the sender, or declare a decoder.',
    'series-limit': 'The device would have more series than the limit. Look for names or arrays that grow.',
    'too-many-points': 'One record holds more points than the limit. Send it in smaller parts.',
    'stage-failed': 'A declared stage could not evaluate it. Mend the stage, then replay.',
    'kafka-refused':
      'Kafka will never take it into its topic: it is too large, or the name or the number of topics does not allow it. A replay stores it past that topic.',
  },
  none: 'No dead letters here. Every record could be processed.',
  noneOf: 'No dead letter matches.',
  offset: 'Offset',
  received: 'Received',
  topic: 'Topic',
  size: 'Size',
  one: (offset: string) => `Dead letter ${offset}`,
  back: 'All dead letters',
  client: 'Client',
  stage: 'Stage',
  device: 'Device',
  payload: 'Payload',
  text: 'As text',
  hex: 'In hex',
  notText: 'The bytes are not UTF-8.',
  truncated: 'Only the first bytes are shown.',
  listed: (letters: number) => things(letters, 'dead letter'),
  firstOnly: (letters: number) => `The first ${count(letters)} are listed.`,
  replay: 'Replay',
  discard: 'Discard',
  replayAll: (letters: number) => `Replay all ${count(letters)}`,
  discardAll: (letters: number) => `Discard all ${count(letters)}`,
  replayWords: (letters: number) =>
    `${things(letters, 'record')} will be offered to the pipeline again. What fails again stays open; twice is harmless.`,
  discardWords: (letters: number) =>
    `${things(letters, 'record')} will be given up for good. The ledger counts them as discarded; this cannot be undone.`,
  outcome: (act: 'replay' | 'discard', { changed, failedAgain, undecided, unchanged }: DeadLetterOutcome) => {
    const parts = [
      { records: changed, one: `was ${DONE[act]}`, many: `were ${DONE[act]}` },
      { records: failedAgain, one: 'failed again and stays open', many: 'failed again and stay open' },
      { records: undecided, one: 'waits for the pipeline', many: 'wait for the pipeline' },
      { records: unchanged, one: 'was not open any more', many: 'were not open any more' },
    ].filter(({ records }) => records > 0);
    if (parts.length === 0) return 'No record was open.';
    const told = parts.map(({ records, one, many }, at) => {
      const counted = at === 0 ? things(records, 'record') : count(records);
      return `${counted} ${records === 1 ? one : many}`;
    });
    return `${told.join(', ')}.`;
  },
  terminal: 'From a terminal',
  terminalWords: 'On the machine of the server, in the folder of Skerry:',
  changedBy: (author: string, moment: string) => `by ${author}, ${moment}`,
  unknown: 'No dead letter has this offset.',
};

/** Shape of the texts of the dead letters. */
export type DeadLettersWords = typeof en;
