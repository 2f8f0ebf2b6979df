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
    'One bucket of a time grid, over numbers, integers and booleans; texts are not counted.',
    {
      time: time('Start of the bucket.'),
      count: count('Points in it.'),
      min: bucketNumber('Smallest value'),
      max: bucketNumber('Largest value'),
      sum: bucketNumber('Sum of the values'),
      mean: bucketNumber('Mean of the values'),
      first: bucketNumber('First value'),
      last: bucketNumber('Last value'),
      isRounded: {
        type: 'boolean',
        const: true,
        description:
          'There when a value or the sum lies beyond 2^53: exact integers of that size are rounded to doubles here. Raw points have them exactly.',
      },
    },
    ['count', 'min', 'max', 'sum', 'mean', 'first', 'last', 'isRounded'],
  ),
  BucketPage: object('Aggregates by time; buckets without points are left out, and texts are not counted.', {
    kind: { type: 'string', const: 'buckets' },
    stepSeconds: number('Width of a bucket, s.'),
    resolutionSeconds: number('Coarsest rollup that was used, s; 0 when raw points answered.'),
    items: list(ref('Bucket')),
  }),
} as const;
