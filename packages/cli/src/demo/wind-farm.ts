/** One publication of the simulated farm. */
export interface FarmMessage {
  readonly topic: string;
  /** JSON text. */
  readonly payload: string;
}

/** Shape of the simulated farm. */
export interface WindFarmOptions {
  /** Same seed, same weather. */
  readonly seed: number;
  readonly turbines: number;
  readonly tenant: string;
  readonly project: string;
  /** Tells one run's sequence numbers from another's. */
  readonly epoch: number;
}

interface Turbine {
  readonly id: string;
  /** Share of the free wind that reaches it: wakes of its neighbours. */
  readonly exposure: number;
  gust: number;
  rotorRpm: number;
  gearboxC: number;
  generatorC: number;
  pitchDegrees: number;
  yawDegrees: number;
  energyKwh: number;
}

const RATED_KW = 3_000;
const CUT_IN_MPS = 3;
const RATED_MPS = 12;
const CUT_OUT_MPS = 25;

/**
 * A wind farm in numbers: a slowly wandering wind, gusts of each turbine's own, a power curve with cut-in, rated and
 * cut-out speed, and temperatures that follow the load with the inertia of steel.
 */
export class WindFarm {
  readonly #options: WindFarmOptions;
  readonly #turbines: Turbine[];
  #state: number;
  #windMps = 8.5;
  #windDegrees = 245;
  #ambientC = 11;
  #seq = 0;

  constructor(options: WindFarmOptions) {
    this.#options = options;
    this.#state = options.seed >>> 0;
    this.#turbines = Array.from({ length: options.turbines }, (_, index) => ({
      id: `turbine-${String(index + 1).padStart(2, '0')}`,
      exposure: 1 - 0.035 * (index % 4) - 0.01 * this.#uniform(),
      gust: 0,
      rotorRpm: 11,
      gearboxC: 48 + 4 * this.#uniform(),
      generatorC: 61 + 5 * this.#uniform(),
      pitchDegrees: 0,
      yawDegrees: 245,
      energyKwh: 0,
    }));
  }

  /** Moves the farm on by `stepSecs` and gives one message per turbine and one of the met mast, stamped `nowMicros`. */
  step(nowMicros: number, stepSecs: number): FarmMessage[] {
    this.#moveWeather(nowMicros, stepSecs);
    this.#seq += 1;
    const timestamp = Math.floor(nowMicros / 1_000);
    const messages = this.#turbines.map((turbine) => {
      const windMps = this.#moveTurbine(turbine, stepSecs);
      return this.#message(turbine.id, {
        timestamp,
        epoch: this.#options.epoch,
        seq: this.#seq,
        windSpeed: round(windMps, 2),
        power: round(powerKw(windMps), 1),
        rotorSpeed: round(turbine.rotorRpm, 2),
        pitch: round(turbine.pitchDegrees, 1),
        yaw: round(turbine.yawDegrees, 1),
        gearboxTemperature: round(turbine.gearboxC, 1),
        generatorTemperature: round(turbine.generatorC, 1),
        energy: round(turbine.energyKwh, 2),
        running: windMps >= CUT_IN_MPS && windMps < CUT_OUT_MPS,
      });
    });
    messages.push(
      this.#message('met-mast', {
        timestamp,
        epoch: this.#options.epoch,
        seq: this.#seq,
        windSpeed: round(this.#windMps, 2),
        windDirection: round(this.#windDegrees, 1),
        temperature: round(this.#ambientC, 2),
        pressure: round(1_013 + 3 * Math.sin(nowMicros / 7.2e9) + 0.1 * this.#normal(), 2),
      }),
    );
    return messages;
  }

  #message(device: string, body: Record<string, unknown>): FarmMessage {
    const { tenant, project } = this.#options;
    return {
      topic: `mtic/msg/client/realtime/${tenant}/${project}/${device}`,
      payload: JSON.stringify(body),
    };
  }

  #moveWeather(nowMicros: number, stepSecs: number): void {
    const hour = (nowMicros / 3.6e9) % 24;
    const meanMps = 8.8 + 2.2 * Math.sin(((hour - 9) / 24) * 2 * Math.PI);
    this.#windMps = Math.max(
      0,
      this.#windMps +
        ((meanMps - this.#windMps) / 600) * stepSecs +
        0.09 * Math.sqrt(stepSecs) * this.#normal(),
    );
    this.#windDegrees = (this.#windDegrees + 0.25 * Math.sqrt(stepSecs) * this.#normal() + 360) % 360;
    const meanC = 11 + 5 * Math.sin(((hour - 9) / 24) * 2 * Math.PI);
    this.#ambientC +=
      ((meanC - this.#ambientC) / 3_600) * stepSecs + 0.004 * Math.sqrt(stepSecs) * this.#normal();
  }

  #moveTurbine(turbine: Turbine, stepSecs: number): number {
    turbine.gust += (-turbine.gust / 12) * stepSecs + 0.28 * Math.sqrt(stepSecs) * this.#normal();
    const windMps = Math.max(0, this.#windMps * turbine.exposure + turbine.gust);
    const load = powerKw(windMps) / RATED_KW;
    const rpm = windMps < CUT_IN_MPS || windMps >= CUT_OUT_MPS ? 0.3 : Math.min(15.5, 5 + 0.95 * windMps);
    turbine.rotorRpm += ((rpm - turbine.rotorRpm) / 8) * stepSecs;
    turbine.gearboxC +=
      ((this.#ambientC + 26 + 34 * load - turbine.gearboxC) / 420) * stepSecs + 0.02 * this.#normal();
    turbine.generatorC +=
      ((this.#ambientC + 34 + 58 * load - turbine.generatorC) / 300) * stepSecs + 0.03 * this.#normal();
    turbine.pitchDegrees = windMps <= RATED_MPS ? 0 : Math.min(25, (windMps - RATED_MPS) * 2.1);
    const turn = ((this.#windDegrees - turbine.yawDegrees + 540) % 360) - 180;
    if (Math.abs(turn) > 8)
      turbine.yawDegrees = (turbine.yawDegrees + Math.sign(turn) * 0.5 * stepSecs + 360) % 360;
    turbine.energyKwh += (powerKw(windMps) * stepSecs) / 3_600;
    return windMps;
  }

  #uniform(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    const mixed = Math.imul(this.#state ^ (this.#state >>> 15), 0x2c1b3c6d) >>> 0;
    return ((mixed ^ (mixed >>> 12)) >>> 0) / 4_294_967_296;
  }

  #normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.#uniform()));
    return radius * Math.cos(2 * Math.PI * this.#uniform());
  }
}

/** Electrical power of a turbine at a wind speed, in kW: cubic between cut-in and rated speed, 0 outside cut-in and cut-out. */
export function powerKw(windMps: number): number {
  if (windMps < CUT_IN_MPS || windMps >= CUT_OUT_MPS) return 0;
  if (windMps >= RATED_MPS) return RATED_KW;
  return (RATED_KW * (windMps ** 3 - CUT_IN_MPS ** 3)) / (RATED_MPS ** 3 - CUT_IN_MPS ** 3);
}

function round(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
