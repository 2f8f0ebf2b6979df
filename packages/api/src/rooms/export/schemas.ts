import { count, object, text, time } from '../../schema-kit.ts';
import { deviceKey, integerMark, value } from '../parts.ts';

const rowCursor = text('Opaque; the export goes on behind this row. Present when asked for.');

/** What this room takes and answers. */
export const EXPORT_SCHEMAS = {
  ExportedPoint: object(
    'One point of an export, a line each.',
    {
      ...deviceKey,
      metric: text('Metric.'),
      time: time('Event time.'),
      value,
      type: integerMark,
      cursor: rowCursor,
    },
    ['type', 'cursor'],
  ),
  ExportedDevice: object(
    'One device of an export, a line each.',
    {
      ...deviceKey,
      lastSeen: time('Newest receipt.'),
      metrics: count('Number of metrics.'),
      cursor: rowCursor,
    },
    ['cursor'],
  ),
} as const;
