import { count, flag, list, nullable, number, object, ref, text, time } from '../../schema-kit.ts';

/** What this room takes and answers. */
export const OVERVIEW_SCHEMAS = {
  OverviewSample: object('The figures of one second.', {
    time: time('When.'),
    receivedPerSecond: number('Records received per second.'),
    pointsPerSecond: number('Points stored per second.'),
    delayP50Ms: nullable(number('Median time from receipt to visibility, ms.')),
    delayP99Ms: nullable(number('99th percentile of the same, ms.')),
    backlogRecords: count('Records without a verdict.'),
    journalBytes: count('Bytes of the journal.'),
    storeBytes: count('Bytes of the store.'),
  }),
  Overview: object('The state of the platform.', {
    time: time('Time of the server.'),
    isPart: flag(
      'Whether the figures are of a part of the platform, that of who asks; points, series, connections, bytes and delays are known of the whole only and then are 0 or null.',
    ),
    started: time('Start of the process.'),
    version: text('Version.'),
    now: ref('OverviewSample'),
    recordsReceived: count('Records received since the data folder was made.'),
    pointsStored: count('Points stored since the data folder was made.'),
    backlogAgeMs: number('Age of the oldest pending record, ms.'),
    devices: count('Devices seen.'),
    series: count('Series known.'),
    connections: count('MQTT connections.'),
    deadLettersOpen: count('Open dead letters.'),
    journalBytes: count('Bytes of the journal.'),
    journalBytesMax: count('Most bytes the journal may take.'),
    storeBytes: count('Bytes of the store.'),
    diskFreeBytes: nullable(
      count('Bytes that the disk of the data folder has left; null where it is not known.'),
    ),
    ledger: object('The ledger in short.', {
      totals: ref('Accounts'),
      balanced: flag('Whether it balances.'),
      imbalances: list(text('What does not.')),
    }),
  }),
  OverviewHistory: object('The last minutes of the overview, one sample a second, oldest first.', {
    time: time('Time of the server.'),
    samples: list(ref('OverviewSample')),
  }),
} as const;
