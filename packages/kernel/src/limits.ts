import type { LimitTable } from './limit.ts';

/** Limits of the kernel's ports. */
export const LIMITS = {
  timerDelayMsMax: {
    value: 2 ** 31 - 1,
    unit: 'ms',
    what: 'Delay of one timer of the runtime.',
    whenFull: 'The clock arms the timer again for the rest.',
  },
  netHighWaterBytes: {
    value: 256 * 1024,
    unit: 'bytes',
    what: 'Output buffered for one connection before its writer is asked to wait.',
    whenFull: '`write` returns false and the owner waits for `onDrain`.',
  },
  netBacklogMax: {
    value: 4096,
    unit: 'count',
    what: 'Connections that wait to be accepted by one listener; the operating system may allow fewer.',
    whenFull: 'The operating system lets further connection attempts wait or time out.',
  },
  tlsHandshakeMs: {
    value: 10_000,
    unit: 'ms',
    what: 'Time from the opening of a connection to the end of its TLS handshake.',
    whenFull: 'The connection is closed and counted.',
    metric: 'iot_mqtt_handshakes_failed_total',
  },
  tlsHandshakesMax: {
    value: 1_000,
    unit: 'count',
    what: 'TLS handshakes of one listener at a time.',
    whenFull: 'A further connection is closed at once and counted; those that are established are served.',
    metric: 'iot_mqtt_handshakes_failed_total',
  },
  childLineBytesMax: {
    value: 64 * 1024,
    unit: 'bytes',
    what: "One line of a child process's output.",
    whenFull: 'The line is cut into pieces of that size.',
  },
  childStopMs: {
    value: 5_000,
    unit: 'ms',
    what: 'Time between SIGTERM and SIGKILL when a child process is disposed of.',
    whenFull: 'The child is killed.',
  },
  eventLoopLookMs: {
    value: 200,
    unit: 'ms',
    what: "Time between two looks at how late a thread's event loop is.",
    whenFull: 'A delay shorter than that may fall between two looks.',
  },
  clockDriftMsMax: {
    value: 3_600_000,
    unit: 'ms',
    what: 'How far the wall clock may move against monotonic time before it is not believed.',
    whenFull: 'Nothing is removed for its age until the clock is believed again.',
    metric: 'iot_store_retention_refused',
  },
  clockAgreeMs: {
    value: 600_000,
    unit: 'ms',
    what: 'Time for which wall clock and monotonic time must move alike again, after sleep or a jump.',
    whenFull: 'The wall clock is believed again when it is not further beyond the log than a sleep explains.',
  },
  clockSleepMsMax: {
    value: 31 * 86_400_000,
    unit: 'ms',
    what: 'How far the wall clock may be beyond the newest log time and count as having slept.',
    whenFull:
      'It counts as a jump: nothing is removed for its age until the clock comes back or the process is started again.',
  },
  spansQueuedMax: {
    value: 2_048,
    unit: 'count',
    what: 'Spans of one thread that wait to be told to the collector, while something is traced.',
    whenFull: 'A further span is dropped and counted; nothing else waits.',
    metric: 'iot_tracing_spans_queued',
  },
  spanBatchMax: {
    value: 512,
    unit: 'count',
    what: 'Spans of one request to the collector.',
    whenFull: 'The rest goes with the next request.',
  },
  spanWaitMs: {
    value: 1_000,
    unit: 'ms',
    what: 'Time for which spans are gathered for one request to the collector.',
    whenFull: 'They are sent.',
  },
  spanAnswerMs: {
    value: 10_000,
    unit: 'ms',
    what: 'Time for which the collector is waited for.',
    whenFull: 'The request is given up and made again.',
  },
  spanTriesMax: {
    value: 4,
    unit: 'count',
    what: 'Tries to tell the same spans to a collector that is away, or busy.',
    whenFull: 'They are dropped and counted.',
  },
  spanFarewellMs: {
    value: 2_000,
    unit: 'ms',
    what: 'Time in which what waits is told to the collector when the process ends.',
    whenFull: 'The rest is dropped.',
  },
  spanRecordsMax: {
    value: 1_000,
    unit: 'count',
    what: 'Records of one seal that are followed from their receipt to their transaction, while something is traced.',
    whenFull: 'Further records of it are stored as all are, and their traces end before it.',
  },
  spanReceiptsMax: {
    value: 4_096,
    unit: 'count',
    what: 'Records that are followed and not durable yet, while something is traced.',
    whenFull: 'The spans of their receipt are not told.',
  },
  spanAnswerBytes: {
    value: 64 * 1024,
    unit: 'bytes',
    what: 'Of an answer of the collector that is read.',
    whenFull: 'The rest is passed over.',
  },
  spanLinksMax: {
    value: 128,
    unit: 'count',
    what: 'Records that the span of one seal names.',
    whenFull: 'The others are counted in it; the spans of those records name the seal.',
  },
} as const satisfies LimitTable;
