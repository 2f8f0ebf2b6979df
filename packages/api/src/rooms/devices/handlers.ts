import type { Clock } from '@skerry/kernel';
import type { DeviceKey } from '@skerry/model';
import type { Handlers } from '../../call.ts';
import { ApiError } from '../../errors.ts';
import type { Platform } from '../../platform.ts';
import { scopesFor } from '../../scoping.ts';
import { showDevice, showDeviceDetail, showLatest } from '../../shape.ts';
import { formatTime } from '../../time.ts';
import { readConnectivity } from './connectivity.ts';
import { nextDeviceCursor, readDeviceQuery } from './device-query.ts';

/** Serves the devices as they were seen. */
export function deviceHandlers(
  platform: Platform,
  clock: Clock,
): Handlers<'listDevices' | 'getDevice' | 'getLatest' | 'getConnectivity'> {
  return {
    listDevices: async ({ asker, query }) => {
      const nowMicros = clock.nowMicros();
      const asked = readDeviceQuery(query, nowMicros);
      const { total, entries } = await platform.devices({
        ...asked,
        ...scopesFor(asker.subject, 'telemetry:read'),
        limit: asked.limit + 1,
      });
      const shown = entries.slice(0, asked.limit);
      return {
        time: formatTime(nowMicros),
        total,
        items: shown.map(showDevice),
        cursor: entries.length > asked.limit ? nextDeviceCursor(asked, shown) : null,
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
    getConnectivity: async (call) => {
      const found = await readConnectivity(call, platform, clock);
      if (!found) throw unknownDevice(call.params);
      return found;
    },
  };
}

function unknownDevice(key: DeviceKey): ApiError {
  return new ApiError('not-found', `no device ${key.tenant}/${key.project}/${key.device} was ever seen`);
}
