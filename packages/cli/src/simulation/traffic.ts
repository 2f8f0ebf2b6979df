import { drifted, hourOf, lagged, rounded } from './motion.ts';
import { SeededRandom } from './seeded-random.ts';
import {
  deviceName,
  inParts,
  Scribe,
  type SimulatedMessage,
  type World,
  type WorldOptions,
} from './world.ts';

const APPROACHES = ['north', 'east', 'south', 'west'] as const;
type Approach = (typeof APPROACHES)[number];

/** What the lights of both roads and of those on foot show in a phase; no two that cross may go at once. */
const PHASES = {
  'north-south-green': { northSouth: 'green', eastWest: 'red', pedestrians: 'wait' },
  'north-south-amber': { northSouth: 'amber', eastWest: 'red', pedestrians: 'wait' },
  'clear-north-south': { northSouth: 'red', eastWest: 'red', pedestrians: 'wait' },
  'east-west-green': { northSouth: 'red', eastWest: 'green', pedestrians: 'wait' },
  'east-west-amber': { northSouth: 'red', eastWest: 'amber', pedestrians: 'wait' },
  'clear-east-west': { northSouth: 'red', eastWest: 'red', pedestrians: 'wait' },
  walk: { northSouth: 'red', eastWest: 'red', pedestrians: 'walk' },
  'clear-walk': { northSouth: 'red', eastWest: 'red', pedestrians: 'wait' },
} as const;
type Phase = keyof typeof PHASES;

/** Seconds of the phases whose length is fixed. */
const FIXED_SECS: Partial<Record<Phase, number>> = {
  'north-south-amber': 3,
  'clear-north-south': 2,
  'east-west-amber': 3,
  'clear-east-west': 2,
  walk: 12,
  'clear-walk': 5,
};
const GREEN_SECS = { least: 10, most: 48 } as const;
/** Vehicles a second that leave a queue on green. */
const SATURATION = 0.5;
const QUEUE_VEHICLES = 60;

interface Crossing {
  readonly id: string;
  readonly random: SeededRandom;
  /** Vehicles an hour of each approach at the busiest time. */
  readonly peak: Readonly<Record<Approach, number>>;
  readonly queues: Record<Approach, number>;
  phase: Phase;
  phaseSecs: number;
  /** Part of a vehicle that has begun to leave, by road. */
  leaving: number;
  pedestrians: number;
  arrived: number;
  passed: number;
  turnedAway: number;
  waitedSecs: number;
}

interface AirStation {
  readonly id: string;
  readonly random: SeededRandom;
  no2: number;
  pm10: number;
  noiseDb: number;
  breeze: number;
}

/**
 * Crossings with lights that never conflict: green while a road has vehicles, within bounds, then amber, then all red,
 * and a walk phase when somebody has pressed the button. Vehicles come as a Poisson process whose rate follows the hour
 * of the day and leave at the rate of a full lane. Every fifth device measures the air, which the traffic makes worse and
 * the wind better.
 */
export class Traffic implements World {
  readonly devices: readonly string[];
  readonly #scribe: Scribe;
  readonly #crossings: readonly Crossing[];
  readonly #stations: readonly AirStation[];
  /** Vehicles that stand or leave, smoothed. */
  #load = 0;

  constructor(options: WorldOptions) {
    const random = new SeededRandom(options.seed);
    const stations = Math.floor(options.devices / 5);
    const crossings = options.devices - stations;
    this.#scribe = new Scribe(options);
    this.#crossings = Array.from({ length: crossings }, (_, index) =>
      newCrossing(deviceName('crossing', index, crossings), random.fork(index)),
    );
    this.#stations = Array.from({ length: stations }, (_, index) => ({
      id: deviceName('air', index, stations),
      random: random.fork(10_000 + index),
      no2: 18,
      pm10: 15,
      noiseDb: 58,
      breeze: 0,
    }));
    this.devices = [...this.#crossings.map(({ id }) => id), ...this.#stations.map(({ id }) => id)];
  }

  step(nowMicros: number, stepSecs: number): SimulatedMessage[] {
    inParts(nowMicros, stepSecs, (partMicros, partSecs) => {
      const share = demandShare(hourOf(partMicros));
      for (const crossing of this.#crossings) moveCrossing(crossing, share, partSecs);
      const standing = this.#crossings.reduce((sum, one) => sum + queueOf(one), 0);
      this.#load = lagged(this.#load, standing / this.#crossings.length, partSecs, 300);
      for (const station of this.#stations) moveAir(station, this.#load, share, partSecs);
    });
    this.#scribe.turn();
    return [
      ...this.#crossings.map((one) => this.#scribe.write(one.id, nowMicros, valuesOfCrossing(one))),
      ...this.#stations.map((one) =>
        this.#scribe.write(one.id, nowMicros, {
          no2: rounded(Math.max(0, one.no2 + 0.3 * one.random.normal()), 1),
          pm10: rounded(Math.max(0, one.pm10 + 0.3 * one.random.normal()), 1),
          noise: rounded(one.noiseDb + 0.5 * one.random.normal(), 1),
          windSpeed: rounded(windOf(one), 1),
        }),
      ),
    ];
  }
}

/** Share of the busiest hour's vehicles that come at an hour of the day: peaks at 8 and 17:30, quiet at night. */
export function demandShare(hour: number): number {
  const peak = (at: number, width: number) => Math.exp(-(((hour - at) / width) ** 2));
  const day = hour > 5 && hour < 23 ? 0.35 * Math.sin(((hour - 5) / 18) * Math.PI) : 0;
  return Math.min(1, 0.06 + day + 0.6 * peak(8, 1.3) + 0.62 * peak(17.5, 1.8));
}

function newCrossing(id: string, random: SeededRandom): Crossing {
  return {
    id,
    random,
    peak: {
      north: random.between(320, 620),
      east: random.between(240, 520),
      south: random.between(320, 620),
      west: random.between(240, 520),
    },
    queues: { north: 0, east: 0, south: 0, west: 0 },
    phase: random.uniform() < 0.5 ? 'north-south-green' : 'east-west-green',
    phaseSecs: random.between(0, 8),
    leaving: 0,
    pedestrians: 0,
    arrived: 0,
    passed: 0,
    turnedAway: 0,
    waitedSecs: 0,
  };
}

function moveCrossing(crossing: Crossing, share: number, stepSecs: number): void {
  const { random, queues } = crossing;
  for (const approach of APPROACHES) {
    const come = random.poisson((crossing.peak[approach] * share * stepSecs) / 3_600);
    const stay = Math.min(come, QUEUE_VEHICLES - queues[approach]);
    queues[approach] += stay;
    crossing.arrived += stay;
    crossing.turnedAway += come - stay;
  }
  crossing.pedestrians += random.poisson((90 * share * stepSecs) / 3_600);
  letGo(crossing, stepSecs);
  crossing.waitedSecs += queueOf(crossing) * stepSecs;
  crossing.phaseSecs += stepSecs;
  if (crossing.phaseSecs >= lengthOf(crossing)) {
    crossing.phase = nextPhase(crossing);
    crossing.phaseSecs = 0;
    crossing.leaving = 0;
    if (crossing.phase === 'walk') crossing.pedestrians = 0;
  }
}

function letGo(crossing: Crossing, stepSecs: number): void {
  const green = greenOf(crossing.phase);
  if (green.length === 0) return;
  crossing.leaving += SATURATION * stepSecs;
  for (; crossing.leaving >= 1; crossing.leaving -= 1) {
    for (const approach of green) {
      if (crossing.queues[approach] === 0) continue;
      crossing.queues[approach] -= 1;
      crossing.passed += 1;
    }
  }
}

function greenOf(phase: Phase): readonly Approach[] {
  if (phase === 'north-south-green') return ['north', 'south'];
  return phase === 'east-west-green' ? ['east', 'west'] : [];
}

/** A green lasts while its own road has vehicles and nobody has waited too long. */
function lengthOf(crossing: Crossing): number {
  const fixed = FIXED_SECS[crossing.phase];
  if (fixed !== undefined) return fixed;
  const own = greenOf(crossing.phase).reduce((sum, approach) => sum + crossing.queues[approach], 0);
  const others = queueOf(crossing) - own + crossing.pedestrians;
  if (others === 0) return GREEN_SECS.most;
  return own === 0 ? GREEN_SECS.least : GREEN_SECS.most * Math.min(1, (own + 4) / (own + others));
}

function nextPhase(crossing: Crossing): Phase {
  switch (crossing.phase) {
    case 'north-south-green':
      return 'north-south-amber';
    case 'north-south-amber':
      return 'clear-north-south';
    case 'clear-north-south':
      return 'east-west-green';
    case 'east-west-green':
      return 'east-west-amber';
    case 'east-west-amber':
      return 'clear-east-west';
    case 'clear-east-west':
      return crossing.pedestrians > 0 ? 'walk' : 'north-south-green';
    case 'walk':
      return 'clear-walk';
    case 'clear-walk':
      return 'north-south-green';
  }
}

function queueOf({ queues }: Crossing): number {
  return APPROACHES.reduce((sum, approach) => sum + queues[approach], 0);
}

function valuesOfCrossing(crossing: Crossing): Record<string, unknown> {
  const { queues, arrived, passed } = crossing;
  return {
    phase: crossing.phase,
    ...PHASES[crossing.phase],
    queueNorth: queues.north,
    queueEast: queues.east,
    queueSouth: queues.south,
    queueWest: queues.west,
    pedestriansWaiting: crossing.pedestrians,
    arrived,
    passed,
    turnedAway: crossing.turnedAway,
    meanWait: rounded(arrived === 0 ? 0 : crossing.waitedSecs / arrived, 1),
  };
}

function moveAir(station: AirStation, load: number, share: number, stepSecs: number): void {
  station.breeze = drifted(station.breeze, stepSecs, 1_800, station.random);
  const thinning = 1 / (0.6 + 0.25 * windOf(station));
  station.no2 = lagged(station.no2, (9 + 34 * share + 1.1 * load) * thinning, stepSecs, 700);
  station.pm10 = lagged(station.pm10, (8 + 15 * share + 0.5 * load) * thinning, stepSecs, 1_500);
  station.noiseDb = lagged(station.noiseDb, 49 + 10 * Math.log10(1 + 12 * share + load), stepSecs, 20);
}

function windOf({ breeze }: AirStation): number {
  return Math.max(0.1, 2.6 + 1.4 * breeze);
}
