import type { Operation } from '../../operation.ts';
import { object, text } from '../../schema-kit.ts';
import { cursor, deviceParams, limit, narrow } from '../parts.ts';

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
} as const satisfies Readonly<Record<string, Operation>>;
