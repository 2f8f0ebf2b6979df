import { ApiError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type {
  SimulationDesk,
  SimulationEntry,
  SimulationRequest,
} from '../rooms/simulation/simulation-desk.ts';

/** Simulations of which only the book is kept. */
export class MemorySimulations implements SimulationDesk {
  readonly #entries = new Map<string, SimulationEntry>();
  #started = 0;

  list(): readonly SimulationEntry[] {
    return [...this.#entries.values()];
  }

  async start(request: SimulationRequest, author: string): Promise<SimulationEntry> {
    if (this.#entries.size >= LIMITS.simulationsMax.value) {
      throw new ApiError(
        'too-many-simulations',
        `${this.#entries.size} simulations run, at most that many may`,
      );
    }
    this.#started += 1;
    const id = `sim-${this.#started}`;
    const entry = {
      ...request,
      id,
      author,
      startedMicros: this.#started,
      published: 0,
      acked: 0,
      fault: undefined,
    };
    this.#entries.set(id, entry);
    return entry;
  }

  async restart(id: string, seed: number, author: string): Promise<SimulationEntry | undefined> {
    const entry = this.#entries.get(id);
    if (!entry) return undefined;
    const again = { ...entry, seed, author };
    this.#entries.set(id, again);
    return again;
  }

  async stop(id: string): Promise<SimulationEntry | undefined> {
    const entry = this.#entries.get(id);
    this.#entries.delete(id);
    return entry;
  }
}
