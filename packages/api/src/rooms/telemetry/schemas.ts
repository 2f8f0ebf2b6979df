import { count, list, number, object, ref, time } from '../../schema-kit.ts';
import { integerMark, nextCursor, value } from '../parts.ts';

const bucketNumber = (what: string) => number(`${what} of the bucket.`);

/** What this room takes and answers. */
export const TELEMETRY_SCHEMAS = {
  Point: object('One point.', { time: time('Event time.'), value, type: integerMark }, ['type']),
  PointPage: object('Raw points.', {
    kind: { type: 'string', const: 'points' },
    items: list(ref('Point')),
    cursor: nextCursor,
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
} as const;
