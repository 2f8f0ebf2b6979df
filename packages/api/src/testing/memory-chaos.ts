import { ApiError } from '../errors.ts';
import type { ChaosDesk, ChaosRow, ChaosRun } from '../rooms/simulation/chaos-desk.ts';

/** Chaos runs that send nothing: each is under way until it is stopped, with the rows that the test gives it. */
export class MemoryChaos implements ChaosDesk {
  readonly inputs = 3;
  /** What every run has found. */
  rows: readonly ChaosRow[] = [];
  readonly #runs = new Map<string, ChaosRun>();
  #started = 0;

  list(): readonly ChaosRun[] {
    return [...this.#runs.values()].reverse();
  }

  start(tenant: string, author: string): ChaosRun {
    if (this.list().some(({ state }) => state === 'running')) {
      throw new ApiError('too-many-simulations', 'a chaos run is under way, at most one may be');
    }
    this.#started += 1;
    const run: ChaosRun = {
      id: `chaos-${this.#started}`,
      tenant,
      project: `run-${this.#started}`,
      author,
      startedMicros: this.#started,
      state: 'running',
      sent: this.rows.length,
      inputs: this.inputs,
      counts: { stored: 0, deadLettered: this.rows.length, refused: 0, closed: 0, wrong: 0 },
      rows: this.rows,
      fault: undefined,
    };
    this.#runs.delete(tenant);
    this.#runs.set(tenant, run);
    return run;
  }

  async stop(id: string): Promise<ChaosRun | undefined> {
    const run = this.list().find((one) => one.id === id);
    if (!run) return undefined;
    const stopped: ChaosRun = { ...run, state: 'stopped' };
    this.#runs.set(run.tenant, stopped);
    return stopped;
  }
}
