import type { LimitTable } from '@skerry/kernel';

/** Limits of the HTTP API. */
export const LIMITS = {
  bodyBytesMax: {
    value: 65_536,
    unit: 'bytes',
    what: 'Body of one HTTP request.',
    whenFull: 'The request is refused with 413 `body-too-large`.',
  },
  urlBytesMax: {
    value: 8_192,
    unit: 'bytes',
    what: 'Path and query of one HTTP request.',
    whenFull: 'The request is refused with 414 `url-too-long`.',
  },
  headerBytesMax: {
    value: 16_384,
    unit: 'bytes',
    what: 'Request line and headers of one HTTP request.',
    whenFull: 'The connection is answered with 431 `headers-too-large` and closed.',
  },
  connectionsMax: {
    value: 512,
    unit: 'count',
    what: 'HTTP connections at a time.',
    whenFull: 'Further connections are closed at once.',
    metric: 'iot_api_connections',
  },
  requestTimeoutMs: {
    value: 30_000,
    unit: 'ms',
    what: 'Time in which a request must have arrived whole.',
    whenFull: 'The connection is answered with 408 `request-timeout` and closed.',
  },
  keepAliveTimeoutMs: {
    value: 65_000,
    unit: 'ms',
    what: 'Time an HTTP connection may stay idle.',
    whenFull: 'The connection is closed.',
  },
  streamsMax: {
    value: 128,
    unit: 'count',
    what: 'Event streams (SSE) at a time.',
    whenFull: 'A further stream is refused with 503 `too-many-streams`.',
    metric: 'iot_api_streams',
  },
  subscriptionsMax: {
    value: 32,
    unit: 'count',
    what: 'Subscriptions of one event stream.',
    whenFull: 'The request is refused with 400 `invalid-request`.',
  },
  streamBufferBytesMax: {
    value: 4_194_304,
    unit: 'bytes',
    what: 'Output of one event stream that the client has not taken yet.',
    whenFull: 'The stream is closed; the client resumes from its last event id.',
    metric: 'iot_api_streams_dropped_total',
  },
  heartbeatMs: {
    value: 15_000,
    unit: 'ms',
    what: 'Time between two heartbeat comments of an event stream.',
    whenFull: 'A comment is sent, so that both sides notice a dead connection.',
  },
  queriesMax: {
    value: 16,
    unit: 'count',
    what: 'Telemetry queries that run at a time.',
    whenFull: 'A further query is refused with 503 `too-many-queries` and `retry-after`.',
    metric: 'iot_api_queries',
  },
  queryDeadlineMs: {
    value: 15_000,
    unit: 'ms',
    what: 'Time one page or one aggregation of a telemetry query may take.',
    whenFull: 'The query is given up with 504 `query-deadline`.',
  },
  pageRowsMax: {
    value: 10_000,
    unit: 'count',
    what: 'Rows of one JSON page of telemetry; NDJSON has no such limit.',
    whenFull: 'A larger `limit` is refused; a cursor leads to the next page.',
  },
  bucketsMax: {
    value: 20_000,
    unit: 'count',
    what: 'Buckets (range divided by step) of one telemetry query.',
    whenFull: 'The query is refused with 400 `range-too-large`.',
  },
  downsampledPointsMax: {
    value: 20_000,
    unit: 'count',
    what: 'Points of one downsampled telemetry query.',
    whenFull: 'A larger `points` is refused with 400 `invalid-request`.',
  },
  listRowsMax: {
    value: 1_000,
    unit: 'count',
    what: 'Rows of one page of devices, gaps or dead letters.',
    whenFull: 'A larger `limit` is refused; a cursor leads to the next page.',
  },
  hexBytesMax: {
    value: 4_096,
    unit: 'bytes',
    what: 'Bytes of a dead letter shown in hex; base64 carries all of them.',
    whenFull: 'The rest is left out and `hexTruncated` is true.',
  },
  overviewHistorySecs: {
    value: 900,
    unit: 'secs',
    what: 'How far back the one-second history of the overview goes.',
    whenFull: 'The oldest sample makes room.',
  },
  drainMs: {
    value: 5_000,
    unit: 'ms',
    what: 'Grace period for requests under way when the server ends.',
    whenFull: 'Their connections are closed.',
  },
  staticFileBytesMax: {
    value: 16_777_216,
    unit: 'bytes',
    what: 'All files of the page together, which are held in memory.',
    whenFull: 'The page is refused at start.',
  },
} as const satisfies LimitTable;
