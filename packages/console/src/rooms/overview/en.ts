import { count, things } from '../../words/english.ts';

/** Texts of the overview, in English. */
export const en = {
  title: 'Overview',
  attention: 'Needs attention',
  allWell: 'Nothing needs attention.',
  allWellMore: (devices: number) =>
    devices === 0
      ? 'No device has sent anything yet.'
      : `${things(devices, 'device')} known, every record accounted for.`,
  notKnown: 'Whether something needs attention is not known.',
  notKnownMore: (when: string) => `The server has sent no figures since ${when}.`,
  unbalanced: 'The ledger does not balance',
  backlog: (records: number, age: string) => `${things(records, 'record')} wait; the oldest for ${age}`,
  backlogMore: 'The store cannot keep up, or has stopped.',
  silent: (devices: number) => `${things(devices, 'device')} silent for more than 5 minutes`,
  silentShow: 'Show them',
  letters: (letters: number) => `${things(letters, 'open dead letter')}`,
  lettersShow: 'Look at them',
  slow: (delay: string) => `Slow: 99 % of the points are visible after ${delay}`,
  journalNear: (share: string) => `The journal has used ${share} of its share`,
  reasons: {
    'disk-full': 'The disk is full',
    'journal-full': 'The journal has reached its share of the disk',
    'read-only': 'The node takes nothing in',
    backlog: 'The journal cannot keep up',
    'pipeline-ended': 'The pipeline has ended',
    'pipeline-stuck': 'The pipeline does not answer',
    'shutting-down': 'The node is ending',
    'kafka-unreachable': 'Kafka cannot be reached; publishers wait',
    'kafka-unsteady': 'Kafka takes no records at the moment; publishers wait',
    'kafka-denied': 'Kafka refuses the records; publishers wait',
    'retention-near': 'Kafka will remove records that are not stored yet',
  } as Readonly<Record<string, string>>, // as: any code of the server may be looked up
  received: 'Messages',
  points: 'Points',
  delay: 'Delay',
  delayHint: 'median, from receipt to visible',
  p99: (text: string) => `median · 99th percentile ${text}`,
  backlogTitle: 'Backlog',
  backlogThen: (records: number) => `${count(records)} at the last figures`,
  noBacklog: 'all decoded',
  backlogAge: (text: string) => `oldest waits ${text}`,
  devices: 'Devices',
  seriesOf: (series: number, connections: number) =>
    `${count(series)} series, ${things(connections, 'connection')}`,
  perSecond: '/s',
  total: (all: number) => `${count(all)} in total`,
  messageChart: 'Messages per second',
  ofYours: 'of those that you may see',
  partOnly:
    'Figures of what you may see only. Points, delay and disk are known of the whole platform and shown to whoever may see all of it.',
  rateChart: 'Messages and points per second',
  delayChart: 'Delay from receipt to visible',
  p50Label: 'median',
  p99Label: '99th percentile',
  time: 'Time',
  rows: (shown: number, all: number) => `Newest ${count(shown)} of ${things(all, 'second')}`,
  ledger: 'Ledger',
  balanced: 'Balanced',
  outOfBalance: 'Out of balance',
  balancedWords: (received: number) =>
    received === 0
      ? 'Nothing has been received yet.'
      : `Every one of the ${things(received, 'record')} received is accounted for.`,
  pending: 'Pending records are safe in the journal; the store commits them within seconds.',
  storage: 'Disk',
  journal: 'Journal',
  used: (used: string, max: string) => `${used} of ${max}`,
  inKafka: (used: string) => `${used} in Kafka, kept for its retention`,
  store: 'Series',
  forecast: 'Forecast',
  forecastFull: (span: string) =>
    `At the rate of the last minutes the journal reaches its share in ${span}; then the oldest records that are stored make room.`,
  free: 'Free',
  freeWords: (free: string) => `${free} on the disk of the data folder`,
  diskFull: (span: string) =>
    `At the rate of the last minutes the disk is full in ${span}: journal and series need more than it has left.`,
  diskLasts:
    'At the rate of the last minutes the disk does not become full: what journal and series will take fits.',
  forecastSteady: 'The journal does not grow at the rate of the last minutes.',
  forecastUnknown: 'Too young for a forecast; it needs a minute of figures.',
  growth: (bytes: string) => `Series grow by ${bytes} a day at this rate.`,
  growthKept: (bytes: string, kept: string, span: string) =>
    `Series grow by ${bytes} a day at this rate; the raw points of ${span} take ${kept}.`,
  retention: 'Retention',
  retentionWords: (span: string) => `Raw points are kept for ${span}; rollups longer.`,
  version: 'Version',
  started: 'Started',
};

/** Shape of the texts of the overview. */
export type OverviewWords = typeof en;
