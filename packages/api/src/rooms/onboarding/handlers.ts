import { isLoopback } from '@skerry/access/loopback';
import { isAllowed } from '@skerry/model';
import type { Call, Handlers } from '../../call.ts';
import { ApiError, invalidRequest } from '../../errors.ts';
import type { HandlerNeeds } from '../../handler-needs.ts';
import { LIMITS } from '../../limits.ts';
import type { PlatformConfiguration } from '../../platform.ts';
import type { Model } from '../../schemas.ts';
import { formatTime, parseTime } from '../../time.ts';
import { type ArrivalKey, wrongArrivals } from './arrivals.ts';
import { deviceTopic } from './device-topic.ts';
import {
  ONBOARDING_WAYS,
  type OnboardingTarget,
  type OnboardingWay,
  onboardingCommands,
} from './onboarding-commands.ts';
import type { ONBOARDING_OPERATIONS } from './operations.ts';

type Needs = Pick<HandlerNeeds, 'platform' | 'access' | 'clock'>;
type AnyCall = Call<'getOnboarding' | 'createOnboarding' | 'listArrivals'>;

/** Serves what somebody needs who connects a device. */
export function onboardingHandlers(needs: Needs): Handlers<keyof typeof ONBOARDING_OPERATIONS> {
  const { platform, access, clock } = needs;
  return {
    getOnboarding: async (call) => {
      const { way, ...key } = call.query;
      check(call, 'telemetry:read', key);
      const ways = way === undefined ? ONBOARDING_WAYS : [way];
      return onboarding(call, platform.configuration(), key, ways, undefined);
    },
    createOnboarding: async (call) => {
      const { tenant, project, device } = call.body;
      const key = { tenant, project, device };
      check(call, 'access:change', key);
      const name = tokenName(device, clock.nowMicros());
      const { name: author } = call.asker.subject;
      const grants = [{ role: 'device', ...key }] as const;
      const note = {
        author,
        action: 'token.create',
        target: `AccessToken/${name}`,
        from: call.asker.from,
        scope: key,
        detail: JSON.stringify(grants),
      };
      const wish = { name, grants, expiresMicros: null, createdBy: author };
      const { secret } = await access.audit.around(note, () => access.book.addToken(wish));
      return onboarding(call, platform.configuration(), key, ONBOARDING_WAYS, { name, secret });
    },
    listArrivals: async (call) => {
      const { since = 'now-10m', ...key } = call.query;
      check(call, 'telemetry:read', key);
      const nowMicros = clock.nowMicros();
      const asked = parseTime(since, nowMicros);
      if (asked === undefined) {
        throw invalidRequest({ in: 'query', pointer: '#/since', detail: 'is no moment' });
      }
      const sinceMicros = Math.max(asked, nowMicros - LIMITS.arrivalsSecsMax.value * 1e6);
      const [device, wrong] = await Promise.all([
        platform.device(key),
        wrongArrivals(platform, call.asker.subject, key, sinceMicros),
      ]);
      return {
        ...key,
        lastSeen: device && device.lastSeenMicros > 0 ? formatTime(device.lastSeenMicros) : null,
        stored: device?.accounts.stored ?? 0,
        metrics: device?.metrics ?? 0,
        wrong: wrong.slice(0, LIMITS.arrivalsMax.value).map(({ atMicros, offset, ...arrival }) => ({
          ...arrival,
          time: formatTime(atMicros),
          offset: offset ?? null,
        })),
      };
    },
  };
}

function check(
  { asker }: Pick<AnyCall, 'asker'>,
  action: 'telemetry:read' | 'access:change',
  key: ArrivalKey,
): void {
  if (isAllowed(asker.subject, action, key)) return;
  if (action === 'telemetry:read')
    throw new ApiError('not-found', 'the request names nothing that can be seen');
  throw new ApiError('not-allowed', `${asker.subject.name} may not ${action} there`);
}

function onboarding(
  { request }: Pick<AnyCall, 'request'>,
  configuration: PlatformConfiguration,
  key: ArrivalKey,
  ways: readonly OnboardingWay[],
  token: { readonly name: string; readonly secret: string } | undefined,
): Model<'Onboarding'> {
  const broker =
    configuration.listeners.find(({ name }) => name === 'mqtt') ??
    configuration.listeners.find(({ name }) => name === 'mqtts');
  const asked = hostAsked(request);
  const isEncrypted = broker?.name === 'mqtts';
  const target: OnboardingTarget = {
    ...key,
    topic: deviceTopic(templatesOf(configuration), key) ?? configuration.exampleTopic,
    mqtt: { host: reachable(broker?.host ?? '', asked.name), port: broker?.port ?? 1_883, isEncrypted },
    httpUrl: `${request.protocol}://${asked.whole}`,
    token: token?.secret,
  };
  return {
    ...key,
    topic: target.topic,
    mqttUrl: `${isEncrypted ? 'mqtts' : 'mqtt'}://${bracketed(target.mqtt.host)}:${target.mqtt.port}`,
    httpUrl: target.httpUrl,
    needsToken: !isLoopback(broker?.host ?? ''),
    tokenName: token?.name ?? null,
    token: token?.secret ?? null,
    commands: ways
      .flatMap((way) => onboardingCommands(way, target))
      .map(({ source, ...command }) => ({ ...command, source: source ?? null })),
  };
}

/** The host by which the asker reached this listener; `guardRequest` has let it through. */
function hostAsked(request: AnyCall['request']): { readonly whole: string; readonly name: string } {
  const whole = request.headers.host ?? '127.0.0.1';
  return { whole, name: whole.replace(/:\d*$/, '').replace(/^\[|\]$/g, '') };
}

/** A listener on every address is reached by the name under which this page was. */
function reachable(host: string, asked: string): string {
  return host === '' || host === '0.0.0.0' || host === '::' ? asked : host;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function templatesOf({ values }: PlatformConfiguration): readonly string[] {
  const routing = values.routing as { readonly telemetry?: readonly string[] } | undefined; // the configuration's own shape
  return routing?.telemetry ?? ['iot/{tenantId}/{projectId}/{deviceId}/telemetry'];
}

/** A name that people recognise and that is taken by no other. */
function tokenName(device: string, nowMicros: number): string {
  const readable = device.replaceAll(/[^a-z0-9._-]/gi, '-').slice(0, 40);
  return `device-${readable}-${Math.floor(nowMicros / 1_000).toString(36)}`;
}
