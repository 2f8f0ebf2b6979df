/** Names of the worlds that can be simulated. */
export const WORLD_NAMES = ['wind-farm', 'factory', 'traffic'] as const;

/** Name of a world. */
export type WorldName = (typeof WORLD_NAMES)[number];

/** One publication of a simulated device. */
export interface SimulatedMessage {
  readonly topic: string;
  /** JSON text with `timestamp` (milliseconds), `epoch` and `seq` of the device. */
  readonly payload: string;
}

/** What every world is made with. */
export interface WorldOptions {
  /** Same seed, same course of events. */
  readonly seed: number;
  /** Devices in all. */
  readonly devices: number;
  readonly tenant: string;
  readonly project: string;
  /** Tells one run's sequence numbers from another's. */
  readonly epoch: number;
  /** Begin of the simulated time, microseconds since 1970. */
  readonly startMicros: number;
}

/** A small world with devices in it. The same options and the same steps give the same messages. */
export interface World {
  /** Ids of its devices. */
  readonly devices: readonly string[];
  /** Moves the world on by `stepSecs` to `nowMicros` and gives one message per device, stamped `nowMicros`. */
  step(nowMicros: number, stepSecs: number): SimulatedMessage[];
}

/** Longest step that worlds with things in motion take at once; longer ones are taken in parts. */
const PART_SECS = 1;

/** Moves on in parts of at most a second: `move` hears of each, with the time at its end. */
export function inParts(
  nowMicros: number,
  stepSecs: number,
  move: (nowMicros: number, stepSecs: number) => void,
): void {
  const parts = Math.max(1, Math.ceil(stepSecs / PART_SECS));
  const partSecs = stepSecs / parts;
  for (let part = 1; part <= parts; part++) move(nowMicros - (parts - part) * partSecs * 1e6, partSecs);
}

/** Writes the messages of one world: topic, time, epoch and the sequence number that all devices share. */
export class Scribe {
  readonly #options: WorldOptions;
  #seq = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
  }

  /** Begins the messages of a step. */
  turn(): void {
    this.#seq += 1;
  }

  /** The message of one device. */
  write(device: string, nowMicros: number, values: Readonly<Record<string, unknown>>): SimulatedMessage {
    const { tenant, project, epoch } = this.#options;
    const timestamp = Math.floor(nowMicros / 1_000);
    return {
      topic: `mtic/msg/client/realtime/${tenant}/${project}/${device}`,
      payload: JSON.stringify({ timestamp, epoch, seq: this.#seq, ...values }),
    };
  }
}

/** `name-01`, with as many digits as the largest number takes, at least two. */
export function deviceName(name: string, index: number, count: number): string {
  return `${name}-${String(index + 1).padStart(Math.max(2, String(count).length), '0')}`;
}
