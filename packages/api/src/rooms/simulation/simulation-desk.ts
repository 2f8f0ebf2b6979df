/** Worlds that a server can simulate. */
export const SIMULATED_WORLDS = ['wind-farm', 'factory', 'traffic'] as const;

/** One of the worlds. */
export type SimulatedWorld = (typeof SIMULATED_WORLDS)[number];

/** What a simulation is asked to be. */
export interface SimulationRequest {
  readonly world: SimulatedWorld;
  readonly devices: number;
  /** 0 to 2^32 - 1. */
  readonly seed: number;
  /** Messages of each device a second. */
  readonly rate: number;
  readonly tenant: string;
  readonly project: string;
}

/** A simulation that runs, or that ended by itself and says why. */
export interface SimulationEntry extends SimulationRequest {
  readonly id: string;
  /** Who started it, as the audit log writes it. */
  readonly author: string;
  /** Microseconds since 1970. */
  readonly startedMicros: number;
  readonly published: number;
  readonly acked: number;
  /** Why it ended; undefined while it runs. */
  readonly fault: string | undefined;
}

/** What the API asks of the simulations of a process. They end with it. */
export interface SimulationDesk {
  /** By their start. */
  list(): readonly SimulationEntry[];
  /** Resolves when it publishes. Fails with `too-many-simulations`, or `unavailable` where nothing is taken in. */
  start(request: SimulationRequest, author: string): Promise<SimulationEntry>;
  /** Begins it anew under another seed, with numbers of its own; undefined when there is none of the id. */
  restart(id: string, seed: number, author: string): Promise<SimulationEntry | undefined>;
  /** Ends it; undefined when there is none of the id. */
  stop(id: string): Promise<SimulationEntry | undefined>;
}
