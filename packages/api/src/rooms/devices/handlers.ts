import type { Clock } from '@skerry/kernel';
import type { DeviceKey } from '@skerry/model';
import type { Handlers } from '../../call.ts';
import { readCursor, writeCursor } from '../../cursor.ts';
import { ApiError } from '../../errors.ts';
import type { Platform } from '../../platform.ts';
import { showDevice, showDeviceDetail, showLatest } from '../../shape.ts';
import { formatTime } from '../../time.ts';

/** Serves the devices as they were seen. */
export function deviceHandlers(
  platform: Platform,
  clock: Clock,
): Handlers<'listDevices' | 'getDevice' | 'getLatest'> {
  return {
    listDevices: async ({ query }) => {
      const { cursor, limit = 100, ...narrowing } = query;
      const entries = await platform.devices({ ...narrowing, ...afterDevice(cursor), limit: limit + 1 });
      const shown = entries.slice(0, limit);
      const last = shown.at(-1);
      return {
        time: formatTime(clock.nowMicros()),
        items: shown.map(showDevice),
        cursor:
          last && entries.length > limit
            ? writeCursor('devices', [last.tenant, last.project, last.device])
            : null,
      };
    },
    getDevice: async ({ params }) => {
      const detail = await platform.device(params);
      if (!detail) throw unknownDevice(params);
      return showDeviceDetail(detail, clock.nowMicros());
    },
    getLatest: async ({ params }) => {
      const latest = await platform.latest(params);
      if (!latest) throw unknownDevice(params);
      return { time: formatTime(clock.nowMicros()), items: latest.map(showLatest) };
    },
  };
}

function afterDevice(cursor: string | undefined): { after?: DeviceKey } {
  if (cursor === undefined) return {};
  const [tenant, project, device] = readCursor('devices', cursor, ['string', 'string', 'string']).map(String);
  return { after: { tenant: tenant ?? '', project: project ?? '', device: device ?? '' } };
}

function unknownDevice(key: DeviceKey): ApiError {
  return new ApiError('not-found', `no device ${key.tenant}/${key.project}/${key.device} was ever seen`);
}
