import { parseDuration } from '@skerry/kernel';
import type { VerbContext } from '../commands/verb.ts';
import { CliError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { WORLDS } from './open-world.ts';
import type { RunPlan } from './simulation-run.ts';
import type { WorldName, WorldOptions } from './world.ts';

/** What `skerry simulate` was asked for. */
export interface SimulatePlan {
  readonly world: WorldName;
  readonly options: WorldOptions;
  readonly run: RunPlan;
}

/** How long a fast run without a start or a duration goes back. */
const BACK_SECS = 86_400;
const DEFAULT_SEED = 1;

/** The plan that the flags ask for; fails with `usage` that names the flag, the value found and the value wanted. */
export function simulatePlanOf(
  { flags }: Pick<VerbContext, 'flags'>,
  world: WorldName,
  nowMicros: number,
): SimulatePlan {
  const rate = positive('rate', flags.rate, 1);
  const speed = flags.speed === 'max' ? Number.POSITIVE_INFINITY : positive('speed', flags.speed, 1);
  const durationSecs = flags.duration === undefined ? undefined : durationOf(String(flags.duration));
  const startMicros = startOf(flags.start, speed, durationSecs, nowMicros);
  const stepSecs = 1 / rate;
  return {
    world,
    options: {
      seed: whole('seed', flags.seed, DEFAULT_SEED, 4_294_967_295, 0),
      devices: whole('devices', flags.devices, WORLDS[world].devices, LIMITS.simulatedDevicesMax.value, 1),
      tenant: String(flags.tenant ?? 'demo'),
      project: String(flags.project ?? world),
      epoch: Math.floor(startMicros / 1e6),
      startMicros,
    },
    run: {
      startMicros,
      stepSecs,
      speed,
      steps: durationSecs === undefined ? Number.POSITIVE_INFINITY : Math.ceil(durationSecs / stepSecs),
      mayJump: false,
    },
  };
}

function startOf(flag: unknown, speed: number, durationSecs: number | undefined, nowMicros: number): number {
  if (flag === undefined) {
    const back = speed === 1 ? 0 : (durationSecs ?? BACK_SECS);
    return Math.floor(nowMicros / 1e6 - back) * 1e6;
  }
  const micros = /^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/.test(String(flag))
    ? Date.parse(String(flag)) * 1_000
    : Number.NaN;
  if (micros >= 946_684_800_000_000 && micros <= nowMicros) return micros;
  throw new CliError(
    'usage',
    `--start: found ${JSON.stringify(flag)}, wanted a moment from 2000 to now: 2026-05-01 or 2026-05-01T06:00:00Z.`,
  );
}

function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0) return ms / 1_000;
  throw new CliError(
    'usage',
    `--duration: found ${JSON.stringify(text)}, wanted a duration: 30s, 10m, 1h30m.`,
  );
}

function positive(name: string, flag: unknown, standard: number): number {
  const value = flag === undefined ? standard : Number(flag);
  if (Number.isFinite(value) && value > 0) return value;
  const also = name === 'speed' ? ', or max' : '';
  throw new CliError('usage', `--${name}: found ${JSON.stringify(flag)}, wanted a number above 0${also}.`);
}

function whole(name: string, flag: unknown, standard: number, most: number, least: number): number {
  const value = flag === undefined ? standard : Number(flag);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new CliError(
    'usage',
    `--${name}: found ${JSON.stringify(flag)}, wanted a whole number from ${least} to ${most}.`,
  );
}
