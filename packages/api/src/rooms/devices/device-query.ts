import type { DeviceKey } from '@skerry/model';
import { readCursor, writeCursor } from '../../cursor.ts';
import { invalidRequest } from '../../errors.ts';
import type { Query } from '../../operations.ts';
import type { DeviceEntry, DeviceOrder, DeviceQuery } from '../../platform.ts';
import { parseTime } from '../../time.ts';

/**
 * What the query of a list of devices asks the platform for. The cursor of a list by key is the last key, so that no
 * device is left out or told twice while others are added; that of any other order is a number of rows.
 */
export function readDeviceQuery(query: Query<'listDevices'>, nowMicros: number): DeviceQuery {
  const { search, tenant, project, limit = 100, skip = 0, cursor } = query;
  const order = orderOf(query);
  const seenFromMicros = momentOf('seenFrom', query.seenFrom, nowMicros);
  const seenBeforeMicros = momentOf('seenBefore', query.seenBefore, nowMicros);
  const rows = order && cursor !== undefined ? Number(readCursor('device-rows', cursor, ['number'])[0]) : 0;
  return {
    ...(search === undefined ? {} : { search }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(project === undefined ? {} : { project }),
    ...(seenFromMicros === undefined ? {} : { seenFromMicros }),
    ...(seenBeforeMicros === undefined ? {} : { seenBeforeMicros }),
    ...(order ? { order } : afterDevice(cursor)),
    skip: skip + rows,
    limit,
    atMicros: nowMicros,
  };
}

/** The cursor behind the last row of a page that is not the last one. */
export function nextDeviceCursor(asked: DeviceQuery, shown: readonly DeviceEntry[]): string {
  if (asked.order) return writeCursor('device-rows', [(asked.skip ?? 0) + shown.length]);
  const last = shown.at(-1);
  return writeCursor('devices', [last?.tenant ?? '', last?.project ?? '', last?.device ?? '']);
}

function orderOf({ sort, order }: Query<'listDevices'>): DeviceOrder | undefined {
  if ((sort === undefined || sort === 'device') && order !== 'desc') return undefined;
  return { by: sort ?? 'device', isDescending: order === 'desc' };
}

/** The moment that a member of a query names. Fails with `invalid-request`. */
export function momentOf(name: string, text: string | undefined, nowMicros: number): number | undefined {
  if (text === undefined) return undefined;
  const micros = parseTime(text, nowMicros);
  if (micros !== undefined) return micros;
  throw invalidRequest({
    in: 'query',
    pointer: `#/${name}`,
    detail: 'is not a time: ISO 8601 with a zone, `now`, or `now-15m`',
  });
}

function afterDevice(cursor: string | undefined): { after?: DeviceKey } {
  if (cursor === undefined) return {};
  const [tenant, project, device] = readCursor('devices', cursor, ['string', 'string', 'string']).map(String);
  return { after: { tenant: tenant ?? '', project: project ?? '', device: device ?? '' } };
}
