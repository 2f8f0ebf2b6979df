import type { ACCOUNTS } from '@skerry/model';
import {
  count,
  flag,
  list,
  nullable,
  number,
  object,
  oneOfWords,
  ref,
  type Schema,
  type Static,
  text,
  time,
} from './schema-kit.ts';

const accounts = {
  received: count('Records appended to the journal.'),
  stored: count('Records whose points are stored.'),
  deduplicated: count('Records that had been stored already under their own id.'),
  filtered: count('Records a declared stage took out.'),
  deadLettered: count('Records set aside because they could not be processed.'),
  discarded: count('Dead letters discarded by a person.'),
  expired: count('Records removed by a policy before a verdict or replay.'),
  pending: count('Records without a verdict yet.'),
} satisfies Record<(typeof ACCOUNTS)[number], Schema>;

const { received: _received, pending: _pending, ...verdicts } = accounts;

const deviceKey = {
  tenant: text('Tenant id.'),
  project: text('Project id.'),
  device: text('Device id; `-` is the project itself.'),
};

const device = {
  ...deviceKey,
  lastSeen: time('Newest receipt.'),
  metrics: count('Number of metrics.'),
};

const value = {
  description: 'The value; an integer beyond 2^53 is a string and `type` says `integer`.',
  anyOf: [{ type: 'number' }, { type: 'string' }, { type: 'boolean' }],
} as const;

const integerMark = { type: 'string', const: 'integer', description: 'Present for exact integers.' } as const;

const cursor = nullable(text('Opaque; asks for the next page. Null at the end.'));

const deadLetter = {
  offset: count('Offset in the journal, its identity.'),
  received: time('Receipt.'),
  tenant: text('Tenant id, as far as it could be told.'),
  project: text('Project id, as far as it could be told.'),
  device: text('Device id; empty when it could not be told.'),
  topic: text('MQTT topic.'),
  client: text('MQTT client id.'),
  reason: oneOfWords('Why it was set aside.', [
    'unknown-topic',
    'undecodable',
    'series-limit',
    'too-many-points',
  ]),
  detail: text('What was found and what was wanted.'),
  stage: text('The stage that set it aside.'),
  qos: count('MQTT quality of service.'),
  state: oneOfWords('What has become of it.', ['open', 'replayed', 'discarded', 'expired']),
  author: text('Who changed the state; empty while open.'),
  changed: nullable(time('When the state changed.')),
  payloadBytes: count('Length of the payload.'),
};

const bucketNumber = (what: string) => number(`${what} of the bucket.`);

/** Every schema of the API by its name: the one source of validation, OpenAPI, types and clients. */
export const SCHEMAS = {
  Problem: object(
    'An error (RFC 9457).',
    {
      type: text('`/errors/` and the code; the page behind it explains it.'),
      title: text('What went wrong, the same for every problem of the code.'),
      status: count('HTTP status.'),
      detail: text('What was found and what was wanted.'),
      code: text('Stable code.'),
      instance: text('Id of the request, as in the log.'),
      errors: list(
        object('One fault.', {
          in: oneOfWords('Part of the request.', ['path', 'query', 'header', 'body']),
          pointer: text('JSON pointer into the part.'),
          detail: text('What is wrong.'),
        }),
      ),
    },
    ['errors'],
  ),
  Accounts: object('The accounts of the ledger, in records.', accounts),
  ProjectLedger: object('The ledger of one project.', {
    tenant: text('Tenant id.'),
    project: text('Project id.'),
    ...accounts,
    receivedQos0: count('Records of QoS 0, inside `received`.'),
  }),
  Ledger: object('The running account of every record.', {
    totals: ref('Accounts'),
    balanced: flag('Whether received equals the sum of the other accounts, everywhere.'),
    projects: list(ref('ProjectLedger')),
    imbalances: list(text('What does not balance, with the figures.')),
    journalPending: count('Pending records by the count of the journal itself.'),
  }),
  AuditReport: object('The outcome of a recount.', {
    balanced: flag('Whether the recount agrees with the ledger.'),
    fromOffset: count('First journal offset recounted.'),
    toOffset: count('End of the recount.'),
    records: count('Records recounted.'),
    totals: ref('Accounts'),
    findings: list(
      object('One thing found wrong.', {
        ...deviceKey,
        offset: number('Journal offset, -1 where no single record is meant.'),
        detail: text('What is wrong.'),
      }),
    ),
    findingsLeftOut: count('Findings beyond those listed.'),
  }),
  OverviewSample: object('The figures of one second.', {
    time: time('When.'),
    receivedPerSecond: number('Records received per second.'),
    pointsPerSecond: number('Points stored per second.'),
    delayP50Ms: nullable(number('Median time from receipt to visibility, ms.')),
    delayP99Ms: nullable(number('99th percentile of the same, ms.')),
    backlogRecords: count('Records without a verdict.'),
  }),
  Overview: object('The state of the platform.', {
    time: time('Time of the server.'),
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
  Device: object('A device as it was seen.', device),
  DevicePage: object('Devices by tenant, project and id.', {
    time: time('Time of the server.'),
    items: list(ref('Device')),
    cursor,
  }),
  DeviceDetail: object('A device with what is known about it.', {
    time: time('Time of the server.'),
    ...device,
    metricList: list(
      object('One metric.', {
        metric: text('Name.'),
        type: oneOfWords('How values are kept.', ['number', 'integer', 'boolean', 'text']),
      }),
    ),
    accounts: object('Verdicts of its records.', verdicts),
    timeCorrected: count('Records whose event time was replaced by the receive time.'),
    seqResets: count('Restarts of its own numbering.'),
    gaps: count('Open gaps in its own numbering.'),
  }),
  Latest: object('Newest value of each metric.', {
    time: time('Time of the server.'),
    items: list(
      object('One metric.', { metric: text('Name.'), time: time('Event time.'), value, type: integerMark }, [
        'type',
      ]),
    ),
  }),
  Point: object('One point.', { time: time('Event time.'), value, type: integerMark }, ['type']),
  PointPage: object('Raw points.', {
    kind: { type: 'string', const: 'points' },
    items: list(ref('Point')),
    cursor,
  }),
  Bucket: object(
    'One bucket of a time grid.',
    {
      time: time('Start of the bucket.'),
      count: count('Points in it.'),
      min: bucketNumber('Smallest value'),
      max: bucketNumber('Largest value'),
      sum: bucketNumber('Sum of the values'),
      mean: bucketNumber('Mean of the values'),
      first: bucketNumber('First value'),
      last: bucketNumber('Last value'),
    },
    ['count', 'min', 'max', 'sum', 'mean', 'first', 'last'],
  ),
  BucketPage: object('Aggregates by time; buckets without points are left out.', {
    kind: { type: 'string', const: 'buckets' },
    stepSeconds: number('Width of a bucket, s.'),
    resolutionSeconds: number('Coarsest rollup that was used, s; 0 when raw points answered.'),
    items: list(ref('Bucket')),
  }),
  Gap: object('Missing numbers of a device; bounds are inclusive.', {
    ...deviceKey,
    epoch: text('Epoch of the numbering.'),
    from: count('First missing number.'),
    to: count('Last missing number.'),
  }),
  GapPage: object('Gaps by device.', { items: list(ref('Gap')), cursor }),
  DeadLetter: object('A dead letter without its bytes.', deadLetter),
  DeadLetterPage: object('Dead letters by offset.', { items: list(ref('DeadLetter')), cursor }),
  DeadLetterDetail: object('A dead letter with its bytes.', {
    ...deadLetter,
    payload: object('The bytes.', {
      base64: text('All bytes.'),
      text: nullable(text('The bytes as text when they are UTF-8.')),
      hex: text('The first bytes in hex.'),
      hexTruncated: flag('Whether `hex` leaves bytes out.'),
    }),
  }),
  DeadLetterFilter: object(
    'Open dead letters that are meant; an absent member narrows nothing.',
    {
      reason: deadLetter.reason,
      tenant: deadLetter.tenant,
      project: deadLetter.project,
      device: deadLetter.device,
    },
    ['reason', 'tenant', 'project', 'device'],
  ),
  DeadLetterOutcome: object('What was asked for, durably.', {
    changed: count(
      'Letters that were open: discarded, or offered to the pipeline again. One that is refused again stays open.',
    ),
    unchanged: count('Letters that were not; nothing happens to them.'),
  }),
  Config: object('The configuration in force, without secrets.', {
    version: text('Version.'),
    values: { type: 'object', description: 'By key.' },
    listeners: list(
      object('An open address.', {
        name: text('What listens.'),
        host: text('Address.'),
        port: count('Port.'),
      }),
    ),
    exampleTopic: text('A topic that makes telemetry of the device `my-device`.'),
  }),
  Health: object('The process answers.', { status: { type: 'string', const: 'ok' } }),
  Readiness: object('Whether the platform takes and shows messages.', {
    ready: flag('Whether it does.'),
    reasons: list(object('Why it does not.', { code: text('Stable code.'), detail: text('The facts.') })),
  }),
  StreamPoints: object('Data of the event `points`.', {
    devices: list(
      object('Points of one device.', {
        ...deviceKey,
        points: list(
          object(
            'One point.',
            { metric: text('Name.'), time: time('Event time.'), value, type: integerMark },
            ['type'],
          ),
        ),
      }),
    ),
  }),
  StreamGap: object('Data of the event `gap`: points were missed; fetch the state again.', {
    after: text('The id after which points are missing.'),
    reason: text('Why.'),
    missed: nullable(count('How many, where it can be told.')),
  }),
} as const;

/** Names of the schemas. */
export type SchemaName = keyof typeof SCHEMAS;

/** The type a named schema describes. */
export type Model<N extends SchemaName> = Static<(typeof SCHEMAS)[N], typeof SCHEMAS>;
