import { bearing, drifted, hourOf, lagged, normalShare, rounded, turnBetween } from './motion.ts';
import { SeededRandom } from './seeded-random.ts';
import { deviceName, Scribe, type SimulatedMessage, type World, type WorldOptions } from './world.ts';

const RATED_KW = 3_000;
const CUT_IN_MPS = 3;
const RATED_MPS = 12;
const CUT_OUT_MPS = 25;
/** A turbine that a storm has stopped starts again below this. */
const RESTART_MPS = 22;
/** Distribution of the wind over the year: Weibull, as sites report it (IEC 61400-12). */
const WEIBULL = { scaleMps: 9.4, shape: 2 } as const;
const TURBULENCE = 0.11;
const FAULTS = [
  { code: 'pitch-drive', meanRepairSecs: 1_800 },
  { code: 'grid-loss', meanRepairSecs: 600 },
  { code: 'converter-trip', meanRepairSecs: 900 },
  { code: 'yaw-drive', meanRepairSecs: 2_400 },
] as const;
const GEARBOX_TRIP_C = 92;

type TurbineState = 'running' | 'idle' | 'storm' | 'fault';

interface Turbine {
  readonly id: string;
  readonly random: SeededRandom;
  /** Share of the free wind that reaches it: wakes of its neighbours. */
  readonly exposure: number;
  state: TurbineState;
  /** Empty unless in `fault`. */
  fault: string;
  repairSecs: number;
  gust: number;
  windMps: number;
  powerKw: number;
  rotorRpm: number;
  gearboxC: number;
  generatorC: number;
  pitchDegrees: number;
  yawDegrees: number;
  isYawing: boolean;
  energyKwh: number;
  /** 0 is new, 1 is due for an overhaul. */
  wear: number;
}

/**
 * A wind farm in numbers: a wind with a Weibull distribution over the weeks and gusts of each turbine's own, a cubic power
 * curve with cut-in, rated and cut-out speed, pitch and yaw drives with their speeds, temperatures with the inertia of
 * steel, wear that warms the gearbox, and faults that stop a turbine until it is repaired. The last device is the met
 * mast, where there is more than one.
 */
export class WindFarm implements World {
  readonly devices: readonly string[];
  readonly #scribe: Scribe;
  readonly #random: SeededRandom;
  readonly #turbines: Turbine[];
  readonly #hasMast: boolean;
  #weather = 0;
  #pressure = 0;
  #windMps = 8;
  #windDegrees = 245;
  #ambientC: number;

  constructor(options: WorldOptions) {
    this.#scribe = new Scribe(options);
    this.#random = new SeededRandom(options.seed);
    this.#ambientC = meanC(options.startMicros);
    this.#hasMast = options.devices > 1;
    const turbines = this.#hasMast ? options.devices - 1 : options.devices;
    this.#turbines = Array.from({ length: turbines }, (_, index) =>
      newTurbine(deviceName('turbine', index, turbines), index, this.#random.fork(index), this.#ambientC),
    );
    this.#weather = this.#random.normal() * 0.5;
    this.devices = [...this.#turbines.map(({ id }) => id), ...(this.#hasMast ? ['met-mast'] : [])];
  }

  step(nowMicros: number, stepSecs: number): SimulatedMessage[] {
    this.#moveWeather(nowMicros, stepSecs);
    this.#scribe.turn();
    const messages = this.#turbines.map((turbine) => {
      moveTurbine(turbine, this.#windMps, this.#windDegrees, this.#ambientC, stepSecs);
      return this.#scribe.write(turbine.id, nowMicros, valuesOf(turbine));
    });
    if (this.#hasMast) {
      messages.push(
        this.#scribe.write('met-mast', nowMicros, {
          windSpeed: rounded(this.#windMps, 2),
          windDirection: rounded(this.#windDegrees, 1),
          temperature: rounded(this.#ambientC, 2),
          pressure: rounded(1_013 + 9 * this.#pressure, 2),
        }),
      );
    }
    return messages;
  }

  #moveWeather(nowMicros: number, stepSecs: number): void {
    this.#weather = drifted(this.#weather, stepSecs, 6 * 3_600, this.#random);
    this.#pressure = drifted(this.#pressure, stepSecs, 24 * 3_600, this.#random);
    const daily = 0.35 * Math.sin(((hourOf(nowMicros) - 9) / 24) * 2 * Math.PI);
    this.#windMps = lagged(this.#windMps, weibullMps(this.#weather + daily), stepSecs, 120);
    this.#windDegrees = bearing(this.#windDegrees + 0.25 * Math.sqrt(stepSecs) * this.#random.normal());
    this.#ambientC =
      lagged(this.#ambientC, meanC(nowMicros), stepSecs, 3_600) +
      0.004 * Math.sqrt(stepSecs) * this.#random.normal();
  }
}

/** Electrical power of a turbine at a wind speed, in kW: cubic between cut-in and rated speed, 0 outside cut-in and cut-out. */
export function powerKw(windMps: number): number {
  if (windMps < CUT_IN_MPS || windMps >= CUT_OUT_MPS) return 0;
  if (windMps >= RATED_MPS) return RATED_KW;
  return (RATED_KW * (windMps ** 3 - CUT_IN_MPS ** 3)) / (RATED_MPS ** 3 - CUT_IN_MPS ** 3);
}

/** A wind speed in m/s by its place in the distribution of all of them: `place` is standard normal, the speed is Weibull. */
export function weibullMps(place: number): number {
  const share = Math.min(0.999_999, normalShare(place));
  return WEIBULL.scaleMps * (-Math.log(1 - share)) ** (1 / WEIBULL.shape);
}

function newTurbine(id: string, index: number, random: SeededRandom, ambientC: number): Turbine {
  return {
    id,
    random,
    exposure: 1 - 0.035 * (index % 4) - 0.01 * random.uniform(),
    state: 'running',
    fault: '',
    repairSecs: 0,
    gust: random.normal(),
    windMps: 8,
    powerKw: 0,
    rotorRpm: 11,
    gearboxC: ambientC + random.between(35, 40),
    generatorC: ambientC + random.between(48, 55),
    pitchDegrees: 0,
    yawDegrees: 245 + random.between(-4, 4),
    isYawing: false,
    energyKwh: 0,
    wear: random.between(0.05, 0.6),
  };
}

function moveTurbine(
  turbine: Turbine,
  freeMps: number,
  windDegrees: number,
  ambientC: number,
  stepSecs: number,
): void {
  turbine.gust = drifted(turbine.gust, stepSecs, 9, turbine.random);
  turbine.windMps = Math.max(0, freeMps * turbine.exposure * (1 + TURBULENCE * turbine.gust));
  turnNacelle(turbine, windDegrees, stepSecs);
  moveState(turbine, stepSecs);
  const isRunning = turbine.state === 'running';
  const offset = Math.cos((turnBetween(turbine.yawDegrees, windDegrees) * Math.PI) / 180);
  const caughtMps = turbine.windMps * Math.cbrt(Math.max(0, offset));
  turbine.powerKw = isRunning ? powerKw(Math.min(caughtMps, CUT_OUT_MPS - 0.01)) : 0;
  const load = turbine.powerKw / RATED_KW;
  turbine.rotorRpm = lagged(
    turbine.rotorRpm,
    isRunning ? Math.min(15.5, 5 + 0.95 * caughtMps) : 0.3,
    stepSecs,
    8,
  );
  turbine.pitchDegrees = lagged(
    turbine.pitchDegrees,
    isRunning ? Math.min(25, Math.max(0, (turbine.windMps - RATED_MPS) * 2.1)) : 88,
    stepSecs,
    4,
  );
  turbine.gearboxC = lagged(
    turbine.gearboxC,
    ambientC + 24 + 32 * load + 10 * turbine.wear * load,
    stepSecs,
    420,
  );
  turbine.generatorC = lagged(turbine.generatorC, ambientC + 32 + 56 * load, stepSecs, 300);
  turbine.energyKwh += (turbine.powerKw * stepSecs) / 3_600;
  turbine.wear = Math.min(1, turbine.wear + (load * stepSecs) / (400 * 86_400));
}

function turnNacelle(turbine: Turbine, windDegrees: number, stepSecs: number): void {
  if (turbine.fault === 'yaw-drive') return;
  const turn = turnBetween(turbine.yawDegrees, windDegrees);
  turbine.isYawing = turbine.isYawing ? Math.abs(turn) > 1 : Math.abs(turn) > 8;
  if (!turbine.isYawing) return;
  turbine.yawDegrees = bearing(
    turbine.yawDegrees + Math.sign(turn) * Math.min(Math.abs(turn), 0.5 * stepSecs),
  );
}

function moveState(turbine: Turbine, stepSecs: number): void {
  const { random, windMps } = turbine;
  if (turbine.state === 'fault') {
    turbine.repairSecs -= stepSecs;
    if (turbine.repairSecs > 0) return;
    if (turbine.fault === 'gearbox-temperature') turbine.wear *= 0.3;
    turbine.fault = '';
    turbine.state = 'idle';
  }
  const meanSecs = (5 * 86_400) / (0.3 + turbine.wear);
  if (turbine.gearboxC > GEARBOX_TRIP_C) stop(turbine, 'gearbox-temperature', 3_600);
  else if (random.happens(stepSecs, meanSecs)) {
    const fault = FAULTS[random.index(FAULTS.length)] ?? FAULTS[0];
    stop(turbine, fault.code, fault.meanRepairSecs);
  } else if (turbine.state === 'storm') {
    if (windMps < RESTART_MPS) turbine.state = 'running';
  } else if (windMps >= CUT_OUT_MPS) turbine.state = 'storm';
  else
    turbine.state =
      windMps >= (turbine.state === 'running' ? CUT_IN_MPS - 0.4 : CUT_IN_MPS) ? 'running' : 'idle';
}

function stop(turbine: Turbine, fault: string, meanRepairSecs: number): void {
  turbine.state = 'fault';
  turbine.fault = fault;
  turbine.repairSecs = 120 + turbine.random.exponential(meanRepairSecs);
}

function valuesOf(turbine: Turbine): Record<string, unknown> {
  const { random } = turbine;
  const shake = 0.8 + 1.6 * (turbine.powerKw / RATED_KW) + 2.2 * turbine.wear * (turbine.rotorRpm / 15);
  return {
    windSpeed: rounded(turbine.windMps, 2),
    power: rounded(turbine.powerKw, 1),
    rotorSpeed: rounded(turbine.rotorRpm, 2),
    pitch: rounded(turbine.pitchDegrees, 1),
    yaw: rounded(turbine.yawDegrees, 1),
    gearboxTemperature: rounded(turbine.gearboxC + 0.06 * random.normal(), 1),
    generatorTemperature: rounded(turbine.generatorC + 0.08 * random.normal(), 1),
    vibration: rounded(Math.max(0, shake + 0.12 * random.normal()), 2),
    wear: rounded(turbine.wear, 4),
    energy: rounded(turbine.energyKwh, 2),
    running: turbine.state === 'running',
    state: turbine.state,
    fault: turbine.fault,
  };
}

/** Mean air temperature of the hour. */
function meanC(nowMicros: number): number {
  return 11 + 5 * Math.sin(((hourOf(nowMicros) - 9) / 24) * 2 * Math.PI);
}
