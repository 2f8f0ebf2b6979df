import { isAllowed } from '@skerry/model';
import type { Call, Handlers } from '../../call.ts';
import { ApiError, invalidRequest } from '../../errors.ts';
import type { HandlerNeeds } from '../../handler-needs.ts';
import { LIMITS } from '../../limits.ts';
import type { PlatformConfiguration } from '../../platform.ts';
import type { Model } from '../../schemas.ts';
import { isForAll } from '../../scoping.ts';
import { formatTime, parseTime } from '../../time.ts';
import { type ArrivalKey, namesakes, wrongArrivals } from './arrivals.ts';
import { deviceTopic } from './device-topic.ts';
import { deviceWays, firstWay, type WayFacts } from './device-ways.ts';
import {
  CA_FILE,
  ONBOARDING_WAYS,
  type OnboardingTarget,
  type OnboardingWay,
  onboardingCommands,
} from './onboarding-commands.ts';
import type { ONBOARDING_OPERATIONS } from './operations.ts';

type Needs = Pick<HandlerNeeds, 'platform' | 'access' | 'clock'>;
type AnyCall = Call<'getOnboarding' | 'createOnboarding' | 'listArrivals' | 'getOnboardingCertificate'>;

/** Serves what somebody needs who connects a device. */
export function onboardingHandlers(needs: Needs): Handlers<keyof typeof ONBOARDING_OPERATIONS> {
  const { platform, access, clock } = needs;
  return {
    getOnboarding: async (call) => {
      const { way, ...key } = call.query;
      check(call, 'telemetry:read', key);
      const ways = way === undefined ? ONBOARDING_WAYS : [way];
      return onboarding(call, platform.configuration(), key, ways, { nowMicros: clock.nowMicros() });
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
      const token = { name, secret };
      const nowMicros = clock.nowMicros();
      return onboarding(call, platform.configuration(), key, ONBOARDING_WAYS, { token, nowMicros });
    },
    getOnboardingCertificate: async ({ reply }) => {
      const file = trustedFile(platform.configuration());
      if (!file) throw new ApiError('not-found', 'nothing speaks TLS here');
      return reply
        .type('text/plain; charset=utf-8')
        .header('content-disposition', `attachment; filename="${file.fileName}"`)
        .send(file.text);
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
      const [device, elsewhere, wrong] = await Promise.all([
        platform.device(key),
        namesakes(platform, call.asker.subject, key, nowMicros),
        wrongArrivals(platform, call.asker.subject, key, sinceMicros),
      ]);
      return {
        ...key,
        lastSeen: device && device.lastSeenMicros > 0 ? formatTime(device.lastSeenMicros) : null,
        stored: device?.accounts.stored ?? 0,
        metrics: device?.metrics ?? 0,
        elsewhere,
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
  throw new ApiError(
    'not-allowed',
    `${asker.subject.name} has no right ${action} for ${Object.values(key).join('/')}`,
  );
}

function onboarding(
  { request, asker }: Pick<AnyCall, 'request' | 'asker'>,
  configuration: PlatformConfiguration,
  key: ArrivalKey,
  ways: readonly OnboardingWay[],
  { token, nowMicros }: { readonly token?: MadeToken | undefined; readonly nowMicros: number },
): Model<'Onboarding'> {
  const all = deviceWays({
    ...configuration,
    anonymous: anonymousOf(configuration),
    asked: askedOf(request),
  });
  const target: OnboardingTarget = {
    ...key,
    topic: deviceTopic(templatesOf(configuration), key) ?? configuration.exampleTopic,
    ways: all,
    token: token?.secret,
    program: configuration.program,
    dataDir: isForAll(asker.subject, 'platform:read') ? dataDirOf(configuration) : undefined,
    nowMicros,
  };
  const mqtt = firstWay(all, 'mqtt');
  return {
    ...key,
    topic: target.topic,
    mqttUrl: mqtt?.url ?? '',
    httpUrl: firstWay(all, 'http')?.url ?? '',
    needsToken: mqtt?.needsToken ?? true,
    ways: all.map(({ name, reach, url, needsToken, trust, isNamed }) => {
      return { name, reach, url, needsToken, trust, isNamed };
    }),
    certificate: all.some(({ trust }) => trust === 'file') ? (trustedFile(configuration) ?? null) : null,
    tokenName: token?.name ?? null,
    token: token?.secret ?? null,
    commands: ways
      .flatMap((way) => onboardingCommands(way, target))
      .map(({ source, ...command }) => ({ ...command, source: source ?? null })),
  };
}

interface MadeToken {
  readonly name: string;
  readonly secret: string;
}

/** Every chain that TLS shows here, each once; undefined without TLS. */
function trustedFile({ certificates }: PlatformConfiguration): Model<'TrustedFile'> | undefined {
  const all = [certificates.mqtt, certificates.http].filter((one) => one !== undefined);
  if (all.length === 0) return undefined;
  const text = [...new Set(all.map(({ chain }) => `${chain.trimEnd()}\n`))].join('');
  return {
    fileName: CA_FILE,
    text,
    isWhole: all.every(({ isWhole, isSystemTrusted }) => isWhole || isSystemTrusted),
  };
}

/** How the asker reached this listener; `guardRequest` has let it through. */
function askedOf(request: AnyCall['request']): NonNullable<WayFacts['asked']> {
  const protocol = request.protocol === 'https' ? 'https' : 'http';
  const whole = request.headers.host ?? '127.0.0.1';
  const port = /:(\d+)$/.exec(whole)?.[1];
  const host = whole.replace(/:\d*$/, '').replace(/^\[|\]$/g, '');
  return { protocol, host, port: port === undefined ? (protocol === 'https' ? 443 : 80) : Number(port) };
}

function anonymousOf({ values }: PlatformConfiguration): WayFacts['anonymous'] {
  const mqtt = values.mqtt as { readonly anonymous?: WayFacts['anonymous'] } | undefined; // the configuration's own shape
  return mqtt?.anonymous ?? 'loopback';
}

function dataDirOf({ values }: PlatformConfiguration): string | undefined {
  return typeof values.dataDir === 'string' ? values.dataDir : undefined;
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
