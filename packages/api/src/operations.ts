import type { ApiFault } from './errors.ts';
import { LIMITS } from './limits.ts';
import { object, oneOfWords, type Schema, type Static, text } from './schema-kit.ts';
import type { SCHEMAS, SchemaName } from './schemas.ts';

/** One operation of the API as data: the server registers it, the document and the clients are written from it. */
export interface Operation {
  readonly method: 'GET' | 'POST';
  /** Path with `{name}` parameters. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly params?: Schema;
  readonly query?: Schema;
  readonly body?: SchemaName;
  /** Schema of the JSON answer; absent for text. */
  readonly answer?: SchemaName | readonly SchemaName[];
  /** Media types beside (or instead of) JSON. */
  readonly alsoMedia?: readonly string[];
  readonly faults: readonly ApiFault[];
  /** Whether it changes something and so needs the token. */
  readonly writes?: boolean;
}

const deviceParams = object('', {
  tenant: text('Tenant id.', { minLength: 1 }),
  project: text('Project id.', { minLength: 1 }),
  device: text('Device id; `-` is the project itself.', { minLength: 1 }),
});

const limit = {
  type: 'integer',
  minimum: 1,
  maximum: LIMITS.listRowsMax.value,
  default: 100,
  description: 'Rows of one page.',
} as const;
const cursor = text('Opaque, from the page before.', { minLength: 1 });
const narrow = (what: string) => text(`Only this ${what}.`, { minLength: 1 });
const moment = (what: string) =>
  text(`${what}: ISO 8601, or \`now\`, or \`now-15m\` (ms, s, m, h, d).`, { minLength: 1 });

const offsetParams = object('', {
  offset: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Journal offset.' },
});

const deadLetterQuery = {
  state: oneOfWords('Only this state.', ['open', 'replayed', 'discarded', 'expired']),
  reason: oneOfWords('Only this reason.', [
    'unknown-topic',
    'undecodable',
    'series-limit',
    'too-many-points',
  ]),
  tenant: narrow('tenant'),
  project: narrow('project'),
  device: narrow('device'),
  limit,
  cursor,
};

const telemetryQuery = object(
  '',
  {
    tenant: text('Tenant id.', { minLength: 1 }),
    project: text('Project id.', { minLength: 1 }),
    device: text('Device id.', { minLength: 1 }),
    metric: text('Metric.', { minLength: 1 }),
    from: moment('Begin, inclusive'),
    to: moment('End, exclusive; now when absent'),
    step: text('Width of buckets, `10s` or `1m` for instance; absent: raw points.', { minLength: 2 }),
    aggregates: text('With `step`: some of count,min,max,sum,mean,first,last, by commas; absent: all.'),
    points: {
      type: 'integer',
      minimum: 4,
      maximum: LIMITS.downsampledPointsMax.value,
      description: 'At most so many raw points, extremes kept.',
    },
    order: oneOfWords('Order by time of raw points.', ['asc', 'desc']),
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: LIMITS.pageRowsMax.value,
      description:
        'Rows of one JSON page (1,000 when absent); of all rows for NDJSON (no limit when absent).',
    },
    cursor,
    format: oneOfWords('Instead of the `accept` header.', ['json', 'ndjson']),
  },
  ['to', 'step', 'aggregates', 'points', 'order', 'limit', 'cursor', 'format'],
);

const NDJSON = 'application/x-ndjson';

/** Every operation by its id. */
export const OPERATIONS = {
  getHealth: {
    method: 'GET',
    path: '/health',
    tag: 'Process',
    summary: 'Whether the process answers',
    answer: 'Health',
    faults: [],
  },
  getReadiness: {
    method: 'GET',
    path: '/ready',
    tag: 'Process',
    summary: 'Whether messages are taken and shown; 503 with the reasons when not',
    answer: 'Readiness',
    faults: [],
  },
  getMetrics: {
    method: 'GET',
    path: '/metrics',
    tag: 'Process',
    summary: 'Metrics in the text format of Prometheus',
    alsoMedia: ['text/plain'],
    faults: [],
  },
  getOverview: {
    method: 'GET',
    path: '/api/v1/overview',
    tag: 'Overview',
    summary: 'Rates, delay, backlog and ledger now',
    answer: 'Overview',
    faults: [],
  },
  getOverviewHistory: {
    method: 'GET',
    path: '/api/v1/overview/history',
    tag: 'Overview',
    summary: 'The same figures over the last minutes, a sample a second',
    answer: 'OverviewHistory',
    faults: [],
  },
  listDevices: {
    method: 'GET',
    path: '/api/v1/devices',
    tag: 'Devices',
    summary: 'Devices as discovered',
    query: object(
      '',
      {
        search: text('Part of the device id, without regard to case.', { minLength: 1, maxLength: 256 }),
        tenant: narrow('tenant'),
        project: narrow('project'),
        limit,
        cursor,
      },
      ['search', 'tenant', 'project', 'limit', 'cursor'],
    ),
    answer: 'DevicePage',
    faults: ['invalid-request'],
  },
  getDevice: {
    method: 'GET',
    path: '/api/v1/devices/{tenant}/{project}/{device}',
    tag: 'Devices',
    summary: 'One device',
    params: deviceParams,
    answer: 'DeviceDetail',
    faults: ['not-found'],
  },
  getLatest: {
    method: 'GET',
    path: '/api/v1/devices/{tenant}/{project}/{device}/latest',
    tag: 'Devices',
    summary: 'Newest value of each metric of a device',
    params: deviceParams,
    answer: 'Latest',
    faults: ['not-found'],
  },
  queryTelemetry: {
    method: 'GET',
    path: '/api/v1/telemetry',
    tag: 'Telemetry',
    summary:
      'Points of one series over a range: raw, aggregated or downsampled; NDJSON streams without a limit',
    query: telemetryQuery,
    answer: ['PointPage', 'BucketPage'],
    alsoMedia: [NDJSON],
    faults: ['invalid-request', 'range-too-large', 'too-many-queries', 'query-deadline'],
  },
  getLedger: {
    method: 'GET',
    path: '/api/v1/ledger',
    tag: 'Ledger',
    summary: 'The running account of every record',
    answer: 'Ledger',
    faults: [],
  },
  auditLedger: {
    method: 'GET',
    path: '/api/v1/ledger/audit',
    tag: 'Ledger',
    summary: 'Recounts journal and store; NDJSON tells the progress, its last line has `report`',
    query: object('', { format: oneOfWords('Instead of the `accept` header.', ['json', 'ndjson']) }, [
      'format',
    ]),
    answer: 'AuditReport',
    alsoMedia: [NDJSON],
    faults: ['audit-running'],
  },
  listGaps: {
    method: 'GET',
    path: '/api/v1/gaps',
    tag: 'Ledger',
    summary: 'Gaps in the sequence numbers of devices',
    query: object(
      '',
      { tenant: narrow('tenant'), project: narrow('project'), device: narrow('device'), limit, cursor },
      ['tenant', 'project', 'device', 'limit', 'cursor'],
    ),
    answer: 'GapPage',
    faults: ['invalid-request'],
  },
  listDeadLetters: {
    method: 'GET',
    path: '/api/v1/dead-letters',
    tag: 'Dead letters',
    summary: 'Dead letters by offset',
    query: object('', deadLetterQuery, ['state', 'reason', 'tenant', 'project', 'device', 'limit', 'cursor']),
    answer: 'DeadLetterPage',
    faults: ['invalid-request'],
  },
  getDeadLetter: {
    method: 'GET',
    path: '/api/v1/dead-letters/{offset}',
    tag: 'Dead letters',
    summary: 'One dead letter with its bytes',
    params: offsetParams,
    answer: 'DeadLetterDetail',
    faults: ['invalid-request', 'not-found'],
  },
  replayDeadLetters: {
    method: 'POST',
    path: '/api/v1/dead-letters/replay',
    tag: 'Dead letters',
    summary: 'Replays open dead letters of a filter; twice is harmless',
    body: 'DeadLetterFilter',
    answer: 'DeadLetterOutcome',
    faults: ['invalid-request'],
    writes: true,
  },
  discardDeadLetters: {
    method: 'POST',
    path: '/api/v1/dead-letters/discard',
    tag: 'Dead letters',
    summary: 'Discards open dead letters of a filter',
    body: 'DeadLetterFilter',
    answer: 'DeadLetterOutcome',
    faults: ['invalid-request'],
    writes: true,
  },
  replayDeadLetter: {
    method: 'POST',
    path: '/api/v1/dead-letters/{offset}/replay',
    tag: 'Dead letters',
    summary: 'Replays one dead letter; twice is harmless',
    params: offsetParams,
    answer: 'DeadLetterOutcome',
    faults: ['invalid-request', 'not-found'],
    writes: true,
  },
  discardDeadLetter: {
    method: 'POST',
    path: '/api/v1/dead-letters/{offset}/discard',
    tag: 'Dead letters',
    summary: 'Discards one dead letter',
    params: offsetParams,
    answer: 'DeadLetterOutcome',
    faults: ['invalid-request', 'not-found'],
    writes: true,
  },
  getConfig: {
    method: 'GET',
    path: '/api/v1/config',
    tag: 'Process',
    summary: 'The configuration in force and the open addresses',
    answer: 'Config',
    faults: [],
  },
  openStream: {
    method: 'GET',
    path: '/api/v1/stream',
    tag: 'Live',
    summary:
      'One event stream for several subscriptions: events `points` (StreamPoints), `overview` (Overview), `gap` (StreamGap)',
    query: object(
      '',
      {
        subscribe: {
          type: 'array',
          minItems: 1,
          maxItems: LIMITS.subscriptionsMax.value,
          items: { type: 'string', minLength: 1 },
          description:
            'Repeated: `overview`, or `points:tenant/project/device/metric` with percent-encoded parts, of which trailing ones may be left out and `*` means every one.',
        },
        lastEventId: text('Like the header `last-event-id`: continue after this id.', { minLength: 1 }),
      },
      ['lastEventId'],
    ),
    alsoMedia: ['text/event-stream'],
    faults: ['invalid-request', 'too-many-streams'],
  },
} as const satisfies Readonly<Record<string, Operation>>;

/** Ids of the operations. */
export type OperationId = keyof typeof OPERATIONS;

type Part<Id extends OperationId, K extends 'params' | 'query'> = (typeof OPERATIONS)[Id] extends {
  readonly [P in K]: infer S;
}
  ? Static<S, typeof SCHEMAS>
  : Readonly<Record<never, never>>;

/** Path parameters of an operation after validation. */
export type Params<Id extends OperationId> = Part<Id, 'params'>;

/** Query of an operation after validation, defaults filled in. */
export type Query<Id extends OperationId> = Part<Id, 'query'>;

/** Body of an operation after validation. */
export type Body<Id extends OperationId> = (typeof OPERATIONS)[Id] extends {
  readonly body: infer N extends SchemaName;
}
  ? Static<(typeof SCHEMAS)[N], typeof SCHEMAS>
  : undefined;

/** JSON answer of an operation. */
export type Answer<Id extends OperationId> = (typeof OPERATIONS)[Id] extends { readonly answer: infer N }
  ? N extends SchemaName
    ? Static<(typeof SCHEMAS)[N], typeof SCHEMAS>
    : N extends readonly (infer M extends SchemaName)[]
      ? Static<(typeof SCHEMAS)[M], typeof SCHEMAS>
      : never
  : string;
