import type { Operation } from '../../operation.ts';
import { flag, list, object, oneOfWords, text } from '../../schema-kit.ts';
import { cursor, moment, NDJSON, narrow, seen } from '../parts.ts';

/** Media type of comma-separated values (RFC 4180). */
export const CSV = 'text/csv';

const shared = {
  tenant: narrow('tenant'),
  project: narrow('project'),
  search: text('Only devices whose id holds this, without regard to case.', { minLength: 1, maxLength: 256 }),
};

const form = {
  format: oneOfWords('Instead of the `accept` header; CSV when both are silent.', ['csv', 'ndjson']),
  cursors: flag('Whether each row also has a `cursor`, behind which an export that broke off goes on.'),
  cursor,
};

const LIMIT = {
  type: 'integer',
  minimum: 1,
  maximum: Number.MAX_SAFE_INTEGER,
  description: 'Rows at most; all when absent.',
} as const;

/** What can be asked of this room. */
export const EXPORT_OPERATIONS = {
  exportTelemetry: {
    method: 'GET',
    path: '/api/v1/export/telemetry',
    tag: 'Export',
    summary: 'Points of any number of series as CSV or NDJSON, a stream of any size',
    description:
      'By tenant, project, device, metric and time, always in this order. CSV (RFC 4180) has the columns tenant, project, device, metric, time, value, type; exact integers have all their digits. To go on after a break ask the same with the `cursor` of the last whole row; the range stays that of the first request. An answer that ends without its last chunk broke off.',
    query: object(
      '',
      {
        ...shared,
        device: narrow('device'),
        metric: {
          ...list(text('A metric.', { minLength: 1 })),
          description: 'Only these metrics; repeated.',
        },
        from: moment('Begin, inclusive'),
        to: moment('End, exclusive; now when absent'),
        limit: LIMIT,
        ...form,
      },
      ['tenant', 'project', 'search', 'device', 'metric', 'to', 'limit', 'format', 'cursors', 'cursor'],
    ),
    alsoMedia: [CSV, NDJSON],
    lines: 'ExportedPoint',
    faults: ['invalid-request', 'too-many-queries'],
    may: 'telemetry:read',
  },
  exportDevices: {
    method: 'GET',
    path: '/api/v1/export/devices',
    tag: 'Export',
    summary: 'Devices as CSV or NDJSON, a stream of any size',
    description: 'By tenant, project and id. CSV has the columns tenant, project, device, lastSeen, metrics.',
    query: object('', { ...shared, ...seen, limit: LIMIT, ...form }, [
      'tenant',
      'project',
      'search',
      'seenFrom',
      'seenBefore',
      'limit',
      'format',
      'cursors',
      'cursor',
    ]),
    alsoMedia: [CSV, NDJSON],
    lines: 'ExportedDevice',
    faults: ['invalid-request', 'too-many-queries'],
    may: 'telemetry:read',
  },
} as const satisfies Readonly<Record<string, Operation>>;
