import { lagged, rounded } from './motion.ts';
import { SeededRandom } from './seeded-random.ts';
import {
  deviceName,
  inParts,
  Scribe,
  type SimulatedMessage,
  type World,
  type WorldOptions,
} from './world.ts';

/** Metres of one block of the loop. */
const BLOCK_M = 6;
const CRUISE_MPS = 1.4;
const BATTERY_WH = 1_900;
const LOW_PERCENT = 25;
/** Below this a vehicle charges with its load on. */
const EMPTY_PERCENT = 10;
/** One charger to so many blocks. */
const CHARGER_BLOCKS = 60;
const BUFFER_PARTS = 8;
const LOAD_SECS = 12;
const PART_KG = 14;
const PARTS_PER_TRIP = 4;
const TEMPERATURE_LAG_SECS = 900;

type AgvState = 'moving' | 'blocked' | 'loading' | 'unloading' | 'charging' | 'fault';

interface Agv {
  readonly id: string;
  readonly random: SeededRandom;
  state: AgvState;
  /** The block it stands in; no other vehicle may be there. */
  block: number;
  /** Metres into the block. */
  metres: number;
  speedMps: number;
  batteryPercent: number;
  motorC: number;
  parts: number;
  /** Station that the parts are from; -1 when empty. */
  origin: number;
  /** Left of loading, unloading, a fault. */
  waitSecs: number;
  odometerM: number;
  trips: number;
}

interface Station {
  readonly id: string;
  readonly random: SeededRandom;
  readonly block: number;
  readonly idealCycleSecs: number;
  state: 'running' | 'starved' | 'blocked' | 'down';
  /** Parts that wait to be worked; the first station makes them from bar stock. */
  input: number;
  output: number;
  cycleSecs: number;
  downSecs: number;
  cycles: number;
  rejects: number;
  plannedSecs: number;
  runSecs: number;
  spindleC: number;
}

/**
 * A factory on one loop: stations make parts, vehicles (AGVs) carry them to the next station. The loop is cut into blocks
 * that hold one vehicle each, as on a railway, so vehicles never meet. Batteries are used by the way and the load, and
 * charged at the chargers beside the loop. Stations starve, block, break down, reject parts, and say how well they do by
 * OEE (availability x performance x quality).
 */
export class Factory implements World {
  readonly devices: readonly string[];
  readonly #scribe: Scribe;
  readonly #agvs: readonly Agv[];
  readonly #stations: readonly Station[];
  readonly #blocks: (Agv | undefined)[];
  #finished = 0;

  constructor(options: WorldOptions) {
    const stations = Math.max(1, Math.round(options.devices * 0.4));
    const agvs = options.devices - stations;
    const random = new SeededRandom(options.seed);
    const blocks = Math.max(12, 3 * agvs, 4 * stations);
    this.#scribe = new Scribe(options);
    this.#blocks = Array.from({ length: blocks }, () => undefined);
    this.#stations = Array.from({ length: stations }, (_, index) =>
      newStation(
        deviceName('station', index, stations),
        Math.floor(((index + 0.5) * blocks) / stations),
        random.fork(index),
      ),
    );
    this.#agvs = Array.from({ length: agvs }, (_, index) =>
      newAgv(
        deviceName('agv', index, agvs),
        Math.floor((index * blocks) / agvs),
        random.fork(10_000 + index),
      ),
    );
    for (const agv of this.#agvs) this.#blocks[agv.block] = agv;
    this.devices = [...this.#agvs.map(({ id }) => id), ...this.#stations.map(({ id }) => id)];
  }

  step(nowMicros: number, stepSecs: number): SimulatedMessage[] {
    inParts(nowMicros, stepSecs, (_, partSecs) => {
      for (const [index, station] of this.#stations.entries()) moveStation(station, index === 0, partSecs);
      for (const agv of this.#agvs) this.#moveAgv(agv, partSecs);
    });
    this.#scribe.turn();
    return [
      ...this.#agvs.map((agv) => this.#scribe.write(agv.id, nowMicros, this.#valuesOfAgv(agv))),
      ...this.#stations.map((station) => this.#scribe.write(station.id, nowMicros, valuesOfStation(station))),
    ];
  }

  /** Parts that stations have passed as good, and where each is now; the two are equal at all times. */
  account(): { readonly made: number; readonly found: number } {
    const made =
      Number(this.#stations[0]?.cycles) - this.#stations.reduce((sum, one) => sum + one.rejects, 0);
    const inStations = this.#stations.reduce(
      (sum, one, index) => sum + one.output + (index === 0 ? 0 : one.input),
      0,
    );
    const onVehicles = this.#agvs.reduce((sum, agv) => sum + agv.parts, 0);
    return { made, found: inStations + onVehicles + this.#finished };
  }

  #moveAgv(agv: Agv, stepSecs: number): void {
    agv.motorC = lagged(
      agv.motorC,
      22 + 30 * (agv.speedMps / CRUISE_MPS) + 0.15 * agv.parts * PART_KG,
      stepSecs,
      TEMPERATURE_LAG_SECS,
    );
    if (agv.state === 'charging') this.#charge(agv, stepSecs);
    else if (agv.waitSecs > 0) this.#wait(agv, stepSecs);
    else if (agv.random.happens(stepSecs, 6 * 3_600)) {
      agv.state = 'fault';
      agv.waitSecs = agv.random.between(40, 240);
    } else this.#drive(agv, stepSecs);
  }

  #drive(agv: Agv, stepSecs: number): void {
    const next = (agv.block + 1) % this.#blocks.length;
    const isFree = this.#blocks[next] === undefined;
    const room = BLOCK_M - agv.metres;
    const wanted = isFree || room > CRUISE_MPS ? CRUISE_MPS : 0;
    agv.speedMps = lagged(agv.speedMps, wanted, stepSecs, 0.8);
    const metres = Math.min(
      agv.speedMps * stepSecs,
      isFree ? Number.POSITIVE_INFINITY : Math.max(0, room - 0.5),
    );
    if (metres < 0.001) agv.speedMps = 0;
    agv.state = metres < 0.001 ? 'blocked' : 'moving';
    agv.metres += metres;
    agv.odometerM += metres;
    this.#drain(agv, metres, stepSecs);
    if (agv.metres >= BLOCK_M) this.#enter(agv, next);
  }

  #enter(agv: Agv, block: number): void {
    this.#blocks[agv.block] = undefined;
    this.#blocks[block] = agv;
    agv.block = block;
    agv.metres -= BLOCK_M;
    if (block % CHARGER_BLOCKS === 1 && wantsCharge(agv)) {
      this.#blocks[block] = undefined; // the chargers stand beside the loop
      agv.state = 'charging';
      agv.speedMps = 0;
      return;
    }
    const at = this.#stations.findIndex((station) => station.block === block);
    const station = this.#stations[at];
    if (station) this.#serve(agv, station, at);
  }

  #serve(agv: Agv, station: Station, at: number): void {
    const isNext = agv.parts > 0 && (agv.origin + 1) % this.#stations.length === at;
    const isFinish = isNext && at === 0;
    if (isNext && (isFinish || station.input + agv.parts <= BUFFER_PARTS)) {
      if (isFinish) this.#finished += agv.parts;
      else station.input += agv.parts;
      agv.parts = 0;
      agv.origin = -1;
      agv.trips += 1;
      this.#stop(agv, 'unloading');
    } else if (agv.parts === 0 && agv.batteryPercent > LOW_PERCENT && station.output >= PARTS_PER_TRIP) {
      agv.parts = PARTS_PER_TRIP;
      agv.origin = at;
      station.output -= PARTS_PER_TRIP;
      this.#stop(agv, 'loading');
    }
  }

  #stop(agv: Agv, state: 'loading' | 'unloading'): void {
    agv.state = state;
    agv.speedMps = 0;
    agv.waitSecs = LOAD_SECS * agv.random.between(0.8, 1.3);
  }

  #wait(agv: Agv, stepSecs: number): void {
    agv.speedMps = lagged(agv.speedMps, 0, stepSecs, 0.3);
    agv.waitSecs -= stepSecs;
    this.#drain(agv, 0, stepSecs);
    if (agv.waitSecs <= 0) agv.state = 'moving';
  }

  #charge(agv: Agv, stepSecs: number): void {
    const amps = agv.batteryPercent < 80 ? 1 : 1 - (agv.batteryPercent - 80) / 25;
    agv.batteryPercent = Math.min(
      100,
      agv.batteryPercent + (amps * 1_900 * stepSecs) / 3_600 / (BATTERY_WH / 100),
    );
    if (agv.batteryPercent < 95 || this.#blocks[agv.block] !== undefined) return;
    this.#blocks[agv.block] = agv;
    agv.state = 'moving';
    agv.metres = 0;
  }

  #drain(agv: Agv, metres: number, stepSecs: number): void {
    const wh = (28 * stepSecs) / 3_600 + metres * (0.06 + 0.001_2 * agv.parts * PART_KG);
    agv.batteryPercent = Math.max(0, agv.batteryPercent - (100 * wh) / BATTERY_WH);
  }

  #valuesOfAgv(agv: Agv): Record<string, unknown> {
    const around = (2 * Math.PI * (agv.block + agv.metres / BLOCK_M)) / this.#blocks.length;
    const radiusM = (this.#blocks.length * BLOCK_M) / (2 * Math.PI);
    const isBeside = agv.state === 'charging';
    return {
      state: agv.state,
      block: isBeside ? -1 : agv.block,
      x: rounded((radiusM + (isBeside ? 4 : 0)) * Math.cos(around), 2),
      y: rounded((radiusM + (isBeside ? 4 : 0)) * Math.sin(around), 2),
      speed: rounded(agv.speedMps, 2),
      battery: rounded(agv.batteryPercent, 2),
      load: agv.parts * PART_KG,
      motorTemperature: rounded(agv.motorC, 1),
      odometer: rounded(agv.odometerM, 1),
      trips: agv.trips,
    };
  }
}

function wantsCharge({ batteryPercent, parts }: Agv): boolean {
  return batteryPercent < (parts === 0 ? LOW_PERCENT : EMPTY_PERCENT);
}

function newStation(id: string, block: number, random: SeededRandom): Station {
  return {
    id,
    random,
    block,
    idealCycleSecs: random.between(18, 26),
    state: 'running',
    input: 0,
    output: 0,
    cycleSecs: 0,
    downSecs: 0,
    cycles: 0,
    rejects: 0,
    plannedSecs: 0,
    runSecs: 0,
    spindleC: 28,
  };
}

function newAgv(id: string, block: number, random: SeededRandom): Agv {
  return {
    id,
    random,
    state: 'moving',
    block,
    metres: random.between(0, BLOCK_M / 2),
    speedMps: 0,
    batteryPercent: random.between(45, 98),
    motorC: 24,
    parts: 0,
    origin: -1,
    waitSecs: 0,
    odometerM: 0,
    trips: 0,
  };
}

function moveStation(station: Station, isFirst: boolean, stepSecs: number): void {
  station.plannedSecs += stepSecs;
  station.spindleC = lagged(station.spindleC, station.state === 'running' ? 62 : 24, stepSecs, 400);
  if (station.downSecs > 0) {
    station.downSecs -= stepSecs;
    return;
  }
  if (station.random.happens(stepSecs, 3 * 3_600)) {
    station.state = 'down';
    station.downSecs = 60 + station.random.exponential(420);
    return;
  }
  if (station.output >= BUFFER_PARTS) station.state = 'blocked';
  else if (!isFirst && station.input === 0) station.state = 'starved';
  else station.state = 'running';
  if (station.state !== 'running') return;
  station.runSecs += stepSecs;
  station.cycleSecs += stepSecs * station.random.between(0.88, 1);
  if (station.cycleSecs < station.idealCycleSecs) return;
  station.cycleSecs -= station.idealCycleSecs;
  station.cycles += 1;
  if (!isFirst) station.input -= 1;
  if (station.random.uniform() < 0.025) station.rejects += 1;
  else station.output += 1;
}

function valuesOfStation(station: Station): Record<string, unknown> {
  const { plannedSecs, runSecs, cycles, rejects, idealCycleSecs } = station;
  const availability = plannedSecs === 0 ? 1 : runSecs / plannedSecs;
  const performance = runSecs === 0 ? 1 : Math.min(1, (cycles * idealCycleSecs) / runSecs);
  const quality = cycles === 0 ? 1 : (cycles - rejects) / cycles;
  return {
    state: station.state,
    cycles,
    rejects,
    inputBuffer: station.input,
    outputBuffer: station.output,
    spindleTemperature: rounded(station.spindleC + 0.1 * station.random.normal(), 1),
    power: rounded(station.state === 'running' ? 7.5 + 0.4 * station.random.normal() : 0.6, 2),
    availability: rounded(availability, 4),
    performance: rounded(performance, 4),
    quality: rounded(quality, 4),
    oee: rounded(availability * performance * quality, 4),
  };
}
