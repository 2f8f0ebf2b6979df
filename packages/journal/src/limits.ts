import type { LimitTable } from '@skerry/kernel';

/** Limits of the journal. */
export const LIMITS = {
  journalBytesMax: {
    value: 2 * 2 ** 30,
    unit: 'bytes',
    what: 'Size of the journal; where the disk has less room, that room counts.',
    whenFull: 'Whole segments below every mandatory consumer are removed from 80 % on.',
    metric: 'iot_journal_size_bytes',
    key: 'journal.bytesMax',
  },
  fullPercent: {
    value: 90,
    unit: 'percent',
    what: 'Share of the room of the journal from which it takes nothing more.',
    whenFull:
      'Appends fail with `journal-full` and can be repeated; the rest is left to the store and to deletion.',
    metric: 'iot_journal_full',
  },
  trimPercent: {
    value: 80,
    unit: 'percent',
    what: 'Share of the room of the journal above which old segments are removed.',
    whenFull: 'The oldest segments below every mandatory consumer are removed.',
    metric: 'iot_journal_size_bytes',
  },
  trimEveryBytes: {
    value: 2 ** 20,
    unit: 'bytes',
    what: 'Growth of the journal after which it looks for segments to remove.',
    whenFull: 'It looks; it also looks when a consumer has moved on and when it is full.',
  },
  segmentBytesMax: {
    value: 64 * 2 ** 20,
    unit: 'bytes',
    what: 'Size of a segment; a thirty-second of the room of the journal where that is less.',
    whenFull: 'The journal goes on in another segment.',
    metric: 'iot_journal_segments',
  },
  segmentBytesMin: {
    value: 64 * 2 ** 10,
    unit: 'bytes',
    what: 'Least size of a segment on a small disk.',
    whenFull: 'Segments are not made smaller.',
  },
  reserveBytes: {
    value: 64 * 2 ** 20,
    unit: 'bytes',
    what: 'Ballast that is given back when the disk is full; a thirty-second of the room where that is less.',
    whenFull: 'It is made again when the disk has room.',
  },
  batchBytesMax: {
    value: 2 ** 20,
    unit: 'bytes',
    what: 'Size from which a batch is closed; one record may be larger.',
    whenFull: 'The batch is closed and another begun.',
  },
  batchRecordsMax: {
    value: 16_384,
    unit: 'count',
    what: 'Records in a batch.',
    whenFull: 'The batch is closed and another begun.',
  },
  batchProjectsMax: {
    value: 65_534,
    unit: 'count',
    what: 'Projects in the table of a batch.',
    whenFull: 'The batch is closed and another begun.',
  },
  knownProjectsMax: {
    value: 262_144,
    unit: 'count',
    what: 'Pairs of tenant and project that one process has appended records of.',
    whenFull: 'A record of another pair is refused with `too-many-projects`.',
  },
  fieldBytesMax: {
    value: 65_535,
    unit: 'bytes',
    what: 'Topic, client id or value of a header of a record.',
    whenFull: 'The record is refused with `record-too-large`.',
  },
  commitRecordsMax: {
    value: 65_535,
    unit: 'count',
    what: 'Records of one write and sync before its last batch.',
    whenFull: 'The batches behind are written and synced after it.',
  },
  appendsInFlightMax: {
    value: 4,
    unit: 'count',
    what: 'Batches that are on their way to the log at one time.',
    whenFull: 'Records are collected in the open batch, then in batches that wait.',
  },
  waitingBytesMax: {
    value: 16 * 2 ** 20,
    unit: 'bytes',
    what: 'Records that wait for the log in the thread that appends.',
    whenFull: 'The appender says that it is full, and publishers are asked to wait.',
    metric: 'iot_journal_waiting_bytes',
  },
  pipelineCreditBytes: {
    value: 16 * 2 ** 20,
    unit: 'bytes',
    what: 'Durable batches on their way from the log to the pipeline.',
    whenFull: 'The pipeline is told the new end only and reads the files.',
  },
  retryMs: {
    value: 200,
    unit: 'ms',
    what: 'Time after which a refused batch is offered to the journal again.',
    whenFull: 'It is offered again.',
  },
  segmentAgeMs: {
    value: 3_600_000,
    unit: 'ms',
    what: 'Least age at which a segment is closed for its age, where records have an age limit.',
    whenFull: 'The journal goes on in another segment.',
  },
} as const satisfies LimitTable;
