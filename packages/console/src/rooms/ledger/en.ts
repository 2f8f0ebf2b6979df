import { count, things } from '../../words/english.ts';

/** Texts of the ledger, in English. */
export const en = {
  title: 'Ledger',
  lead: 'Every record that was received stands in exactly one account. Received is counted when the record becomes durable, the others with the position of the pipeline; so the sum can fail, and then it is an alarm.',
  balanced: 'Balanced',
  outOfBalance: 'Out of balance',
  balancedWords: (received: number) =>
    `Received equals the sum of the other accounts, in every project: ${things(received, 'record')}.`,
  all: 'All projects',
  notes: 'What is not certain',
  note: {
    'gateway-ahead': (records: number, gateway: string) =>
      `Up to ${things(records, 'record')} of the gateway ${gateway} ${records === 1 ? 'has' : 'have'} a verdict, and it has not told of that yet: until it does they are counted as they are judged.`,
    'gateway-untold': (records: number, journal: string) =>
      `${things(records, 'record')} came from a gateway that tells nothing of what it receives (journal ${journal}): it has no PostgreSQL, or has not reached it yet.`,
    'gateway-silent': (records: number, gateway: string) =>
      `${things(records, 'record')} of the gateway ${gateway} ${records === 1 ? 'is' : 'are'} acknowledged and not in Kafka, and it has gone: start any gateway on its data folder, and it sends them.`,
    'foreign-records': (records: number) =>
      `${things(records, 'record')} ${records === 1 ? 'was' : 'were'} put into Kafka by another producer, and counted as judged.`,
    'kafka-silent': () => 'Kafka does not answer: what it holds and nobody has read is not in this account.',
  },
  byProject: 'By tenant and project',
  tenant: 'Tenant',
  project: 'Project',
  nobody: 'no tenant',
  nobodyWords:
    'Topics that name no tenant and no project: they lie under a telemetry prefix and fit no template.',
  qos0: (records: number) => `of these, ${things(records, 'record')} by QoS 0`,
  byDevice: 'By device',
  device: 'Device',
  deviceHint: 'Device id',
  deviceWords:
    'Find a device to see its own account. A record is known to be of a device from decoding on, so its received is the sum of the others, and it has no pending records.',
  noDevice: (text: string) => `No device has “${text}” in its id.`,
  gaps: 'Gaps in the numbering of devices',
  gapsWords:
    'Numbers that a device has skipped between two of its messages: they were never received. Both bounds are missing themselves.',
  noGaps: 'No gaps. Devices that number their messages have sent every number.',
  epoch: 'Epoch',
  from: 'First missing',
  to: 'Last missing',
  missing: 'Missing',
  moreGaps: (gaps: number) => `The first ${count(gaps)} gaps are listed.`,
  meanings: 'What each word means',
  meaning: {
    received: 'Durable in the journal: the sender has its acknowledgement.',
    stored: 'Its points are in the store. A record without points counts here too.',
    deduplicated:
      'The same message of the same device had been stored already; sent again after a lost acknowledgement.',
    filtered: 'A declared stage took it out, or folded it into an aggregate.',
    deadLettered: 'Could not be processed; kept whole until somebody replays or discards it.',
    discarded: 'A dead letter that somebody gave up.',
    expired: 'Removed by a limit of age or size before it was processed or replayed.',
    pending: 'Safe in the journal, no verdict yet; usually for seconds.',
  },
};

/** Shape of the texts of the ledger. */
export type LedgerWords = typeof en;
