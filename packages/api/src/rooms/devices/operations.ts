import type { Operation } from '../../operation.ts';
import { object, oneOfWords, text } from '../../schema-kit.ts';
import { cursor, deviceParams, limit, moment, narrow, seen } from '../parts.ts';

/** What can be asked of this room. */
export const DEVICES_OPERATIONS = {
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
        ...seen,
        sort: oneOfWords('What the list is ordered by; `device` (tenant, project and id) when absent.', [
          'device',
          'lastSeen',
          'metrics',
        ]),
        order: oneOfWords('Direction of the order; `asc` when absent.', ['asc', 'desc']),
        skip: {
          type: 'integer',
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          description: 'Rows left out at the beginning: any page of a long list without those before it.',
        },
        limit,
        cursor,
      },
      ['search', 'tenant', 'project', 'seenFrom', 'seenBefore', 'sort', 'order', 'skip', 'limit', 'cursor'],
    ),
    answer: 'DevicePage',
    faults: ['invalid-request'],
    may: 'telemetry:read',
  },
  getDevice: {
    method: 'GET',
    path: '/api/v1/devices/{tenant}/{project}/{device}',
    tag: 'Devices',
    summary: 'One device',
    params: deviceParams,
    answer: 'DeviceDetail',
    faults: ['not-found'],
    may: 'telemetry:read',
  },
  getLatest: {
    method: 'GET',
    path: '/api/v1/devices/{tenant}/{project}/{device}/latest',
    tag: 'Devices',
    summary: 'Newest value of each metric of a device',
    params: deviceParams,
    answer: 'Latest',
    faults: ['not-found'],
    may: 'telemetry:read',
  },
  getConnectivity: {
    method: 'GET',
    path: '/api/v1/devices/{tenant}/{project}/{device}/connectivity',
    tag: 'Devices',
    summary: 'How the clients that speak for a device over MQTT are and were connected',
    params: deviceParams,
    query: object(
      '',
      {
        from: moment('Begin, inclusive; `now-1d` when absent'),
        to: moment('End, inclusive; now when absent'),
      },
      ['from', 'to'],
    ),
    answer: 'Connectivity',
    faults: ['not-found', 'invalid-request'],
    may: 'telemetry:read',
  },
} as const satisfies Readonly<Record<string, Operation>>;
