import type { LimitTable } from '@skerry/kernel';

/** Limits of the command line and of the processes it starts. */
export const LIMITS = {
  crashesKept: {
    value: 500,
    unit: 'count',
    what: 'Ends of the server that `crashes.jsonl` keeps; it has at most twice as many lines.',
    whenFull: 'The oldest are forgotten.',
  },
  syncFailuresMax: {
    value: 3,
    unit: 'count',
    what: 'Ends of the server in a row because the disk refused to make bytes durable.',
    whenFull: 'The server comes up read-only and says why, until `skerry up` is started anew.',
  },
  gatewayGatherMs: {
    value: 5,
    unit: 'ms',
    what: 'Time for which `skerry gateway` gathers what brokers send before it goes to the disk together, when it comes without a pause.',
    whenFull: 'It is written and synced, and acknowledged to the brokers.',
  },
  leftSessionStillMs: {
    value: 30_000,
    unit: 'ms',
    what: 'Time in which nothing moves while `skerry gateway` empties the session of a gateway that did not come back.',
    whenFull:
      'The session and the slot are left as they are, `/ready` says why (`slot-left`), and it is tried again at the next look.',
  },
  gatewayPaceMs: {
    value: 10,
    unit: 'ms',
    what: 'Time for which `skerry gateway` gathers records for Kafka, when they do not come faster than they can be sent.',
    whenFull: 'They are sent.',
  },
  rebirthNodeMs: {
    value: 20_000,
    unit: 'ms',
    what: 'Time in which one process asks one Sparkplug edge node for its births at most once.',
    whenFull: 'The request is held back; the node is asked with a later record.',
  },
  rebirthsPerMinute: {
    value: 600,
    unit: 'count',
    what: 'Sparkplug edge nodes that one process asks for their births in a minute.',
    whenFull: 'The others are asked with later records, so that a restart makes no storm.',
  },
  rebirthRecordMs: {
    value: 60_000,
    unit: 'ms',
    what: 'Age of a record up to which it makes an edge node be asked for its births.',
    whenFull: 'It is not asked for this record: what follows may hold the births.',
  },
  projectTopicsEveryMs: {
    value: 2_000,
    unit: 'ms',
    what: 'Time between two looks of a writer for topics that came with new projects, in the layouts that have them.',
    whenFull: 'It looks again; until then the records of a new project wait in Kafka.',
  },
  directBufferBytes: {
    value: 16 * 2 ** 20,
    unit: 'bytes',
    what: 'Records of `skerry gateway` with `gateway.buffer: none` that Kafka has not acknowledged, and those just before.',
    whenFull: 'Nothing is read from the brokers until Kafka acknowledges; they keep the messages.',
  },
  roleTellMs: {
    value: 2_000,
    unit: 'ms',
    what: 'Time between two reports of a gateway, writer or cloud of how it does.',
    whenFull: 'The next report is made.',
  },
  roleSilentMs: {
    value: 10_000,
    unit: 'ms',
    what: 'Age of the last report of a process of a larger site.',
    whenFull: 'It is shown as silent, with the age, whatever it said.',
  },
  roleKeptMs: {
    value: 86_400_000,
    unit: 'ms',
    what: 'Time for which a process that tells nothing any more is shown.',
    whenFull: 'It is removed from the list.',
  },
  roleStagesMax: {
    value: 256,
    unit: 'count',
    what: 'Declared stages of which a writer tells PostgreSQL what each did, for `/metrics` of the cloud.',
    whenFull: 'Further ones are counted together, as those of the pipeline `(others)`.',
  },
  lagLooksMax: {
    value: 64,
    unit: 'count',
    what: 'Partitions without a writer that lives whose oldest waiting record `skerry cloud` looks up in Kafka for one answer.',
    whenFull: 'The age of what waits in the others is shown as not known.',
  },
  routeErasMax: {
    value: 64,
    unit: 'count',
    what: 'Changes of the routes that are remembered for audits while the journal holds records from before them.',
    whenFull: 'The oldest is forgotten; an audit begins where the next one does.',
  },
  sessionScopesMax: {
    value: 64,
    unit: 'count',
    what: 'Scopes that a connection is journalled with, by which it is known for which devices it may speak.',
    whenFull: 'It is journalled without; no timeline of a device shows it.',
  },
  recordingHeaderBytesMax: {
    value: 2 ** 20,
    unit: 'bytes',
    what: 'Header line of a CSV recording, in which the separator is looked for.',
    whenFull: 'The recording is refused as one without a header line.',
  },
  sqlMemoryBytesMax: {
    value: 512 * 2 ** 20,
    unit: 'bytes',
    what: 'Memory of the child process of `skerry sql`, the view included; looked at 20 times a second.',
    whenFull: 'The process is ended, and the query fails with `sql-failed`, which says so.',
  },
  bundleCrashesMax: {
    value: 100,
    unit: 'count',
    what: 'Ends of the server that a support bundle tells of.',
    whenFull: 'Older ones are left out.',
  },
  bundleFilesMax: {
    value: 2_000,
    unit: 'count',
    what: 'Files of the data folder whose sizes a support bundle tells.',
    whenFull: 'The rest is left out.',
  },
  bundleLogLinesMax: {
    value: 5_000,
    unit: 'count',
    what: 'Lines of the log in a support bundle.',
    whenFull: 'Older ones are left out.',
  },
  deadLetterVerdictMs: {
    value: 4_000,
    unit: 'ms',
    what: 'Time in which the pipeline is waited for to judge dead letters that were replayed or discarded.',
    whenFull: 'The answer counts them as undecided; they are judged when the pipeline comes to them.',
  },
  pipelineSilentMs: {
    value: 10_000,
    unit: 'ms',
    what: "Time for which the pipeline's thread may leave its heartbeat, once a second, unanswered.",
    whenFull:
      'Every request to it fails with 503 `unavailable`, and `/ready` tells `pipeline-stuck`, until it answers; what is received stays in the journal.',
  },
  upkeepFailingMs: {
    value: 5_000,
    unit: 'ms',
    what: 'Time for which rollups and retention of a partition may fail, one attempt after the other.',
    whenFull: '`/ready` of the writer tells `upkeep-failing`, with what PostgreSQL says, until one succeeds.',
  },
  upkeepPauseMsMax: {
    value: 30_000,
    unit: 'ms',
    what: 'Pause before rollups and retention of a partition that failed are tried again; it doubles from 1 s.',
    whenFull: 'The pause stays at this.',
  },
  threadCloseMs: {
    value: 20_000,
    unit: 'ms',
    what: 'Time for which a thread may close in an orderly way when the process is asked to end.',
    whenFull: 'The thread is ended by force; the next start takes up the work at the last seal.',
  },
  documentFileBytesMax: {
    value: 16 * 2 ** 20,
    unit: 'bytes',
    what: 'A file of documents or samples that `skerry pipeline` reads, standard input included.',
    whenFull: 'No more is read, and the command is refused with `usage`.',
  },
  simulatedDevicesMax: {
    value: 100_000,
    unit: 'count',
    what: 'Devices of one simulation.',
    whenFull: 'More are refused as a value that is not valid.',
  },
} as const satisfies LimitTable;
