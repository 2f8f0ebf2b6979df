import { count, list, object, oneOfWords, ref, text, time } from '../../schema-kit.ts';
import { deviceKey, integerMark, nextCursor, value, verdicts } from '../parts.ts';

const device = {
  ...deviceKey,
  lastSeen: time('Newest receipt.'),
  metrics: count('Number of metrics.'),
};

/** What this room takes and answers. */
export const DEVICES_SCHEMAS = {
  Device: object('A device as it was seen.', device),
  DevicePage: object('Devices by tenant, project and id.', {
    time: time('Time of the server.'),
    total: count('Devices of the whole list.'),
    items: list(ref('Device')),
    cursor: nextCursor,
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
} as const;
