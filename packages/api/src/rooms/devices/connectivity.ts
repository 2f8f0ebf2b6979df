import type { Clock } from '@skerry/kernel';
import type { DeviceConnectivity, SessionEvent } from '@skerry/model';
import type { Call } from '../../call.ts';
import { invalidRequest } from '../../errors.ts';
import { LIMITS } from '../../limits.ts';
import type { Platform } from '../../platform.ts';
import type { Model } from '../../schemas.ts';
import { formatTime, parseTime } from '../../time.ts';

/** Answers `getConnectivity`; undefined when the device was never seen. */
export async function readConnectivity(
  { params, query }: Call<'getConnectivity'>,
  platform: Pick<Platform, 'connectivity'>,
  clock: Pick<Clock, 'nowMicros'>,
): Promise<Model<'Connectivity'> | undefined> {
  const nowMicros = clock.nowMicros();
  const fromMicros = momentOf('from', query.from ?? 'now-1d', nowMicros);
  const toMicros = momentOf('to', query.to ?? 'now', nowMicros);
  if (fromMicros > toMicros)
    throw invalidRequest({ in: 'query', pointer: '#/to', detail: 'lies before `from`' });
  const { tenant, project, device } = params;
  const found = await platform.connectivity({
    device: { tenant, project, device },
    fromMicros,
    // what happens in this very moment is asked for as well
    toMicros: toMicros + 1,
    limit: LIMITS.connectivityEventsMax.value,
  });
  return found && showConnectivity(found, nowMicros);
}

function momentOf(name: string, text: string, nowMicros: number): number {
  const micros = parseTime(text, nowMicros);
  if (micros !== undefined) return micros;
  const detail = `${JSON.stringify(text)} is not an ISO 8601 time with a zone, \`now\` or \`now-15m\``;
  throw invalidRequest({ in: 'query', pointer: `#/${name}`, detail });
}

function showConnectivity(
  { now, clients, events, leftOut, isCut }: DeviceConnectivity,
  nowMicros: number,
): Model<'Connectivity'> {
  const last = newestOf(clients.filter(({ kind }) => kind === now));
  return {
    time: formatTime(nowMicros),
    now: {
      state: now,
      since: last ? formatTime(last.timeMicros) : null,
      event: last ? showEvent(last) : null,
    },
    clients: clients.map((client) => ({
      client: client.client,
      user: client.user,
      state: client.kind,
      since: formatTime(client.timeMicros),
      speaksSince: formatTime(client.sinceMicros),
    })),
    events: events.map(showEvent),
    leftOut,
    isCut,
  };
}

function newestOf<T extends SessionEvent>(events: readonly T[]): T | undefined {
  return events.reduce<T | undefined>(
    (newest, one) => (newest && newest.timeMicros >= one.timeMicros ? newest : one),
    undefined,
  );
}

function showEvent(event: SessionEvent): Model<'SessionEvent'> {
  const { timeMicros, kind, reason, client, user, remote, protocol, listener, isEncrypted } = event;
  return {
    time: formatTime(timeMicros),
    kind,
    reason,
    client,
    user,
    remote,
    protocol,
    listener,
    isEncrypted,
  };
}
