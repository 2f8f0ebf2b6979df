import { LIMITS } from '../../limits.ts';
import type { Operation } from '../../operation.ts';
import { object, oneOfWords, text } from '../../schema-kit.ts';
import { cursor, moment, NDJSON } from '../parts.ts';

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

/** What can be asked of this room. */
export const TELEMETRY_OPERATIONS = {
  queryTelemetry: {
    method: 'GET',
    path: '/api/v1/telemetry',
    tag: 'Telemetry',
    summary:
      'Points of one series over a range: raw, aggregated or downsampled; NDJSON streams without a limit',
    query: telemetryQuery,
    answer: ['PointPage', 'BucketPage'],
    alsoMedia: [NDJSON],
    lines: ['Point', 'Bucket'],
    faults: ['invalid-request', 'range-too-large', 'too-many-queries', 'query-deadline'],
    may: 'telemetry:read',
  },
} as const satisfies Readonly<Record<string, Operation>>;
