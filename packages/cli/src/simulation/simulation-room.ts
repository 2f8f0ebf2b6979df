import {
  API_LIMITS,
  ApiError,
  type SimulationDesk,
  type SimulationEntry,
  type SimulationRequest,
} from '@skerry/api';
import type { Address, Clock, Logger } from '@skerry/kernel';
import { openPublisher, type Publisher, type PublisherNeeds } from '@skerry/mqtt';
import { WORLDS } from './open-world.ts';
import { type RunFigures, runWorld } from './simulation-run.ts';

/** What the room works with. */
export interface SimulationRoomNeeds extends PublisherNeeds {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Where the simulations publish, and with what they are let in. */
export interface SimulationRoomOptions {
  readonly address: Address;
  /** The token of the data folder. */
  readonly token: string;
  /** Why nothing can be simulated now; undefined where it can. */
  readonly refusal: () => string | undefined;
}

/** The simulation that `skerry up` starts by itself. */
export const DEMO: SimulationRequest = {
  world: 'wind-farm',
  devices: 13,
  seed: 20_260,
  rate: 1,
  tenant: 'demo',
  project: 'wind-farm',
};

const DEMO_ID = 'demo';
const WINDOW = 64;

/**
 * The simulations of a server: each publishes over MQTT as devices of their own would, at QoS 1 and with numbers of its
 * own. While the broker takes nothing the world stands still; after a halt of the machine it goes on in the present.
 * Disposing ends all of them.
 */
export class SimulationRoom implements SimulationDesk, AsyncDisposable {
  readonly #options: SimulationRoomOptions;
  readonly #needs: SimulationRoomNeeds;
  readonly #runs = new Map<string, RunningWorld>();
  #started = 0;
  #startMicros = 0;

  constructor(options: SimulationRoomOptions, needs: SimulationRoomNeeds) {
    this.#options = options;
    this.#needs = needs;
  }

  /** Starts the demo; fails when its connection fails. */
  async startDemo(): Promise<void> {
    await this.#open(DEMO_ID, DEMO, 'skerry');
  }

  list(): readonly SimulationEntry[] {
    return [...this.#runs.values()].map((run) => run.entry());
  }

  async start(request: SimulationRequest, author: string): Promise<SimulationEntry> {
    const running = [...this.#runs.values()].filter((run) => run.fault === undefined).length;
    if (running >= API_LIMITS.simulationsMax.value) {
      throw new ApiError('too-many-simulations', `${running} simulations run, at most that many may`);
    }
    this.#forgetEnded();
    this.#started += 1;
    return await this.#open(`${request.world}-${this.#started}`, request, author);
  }

  async restart(id: string, seed: number, author: string): Promise<SimulationEntry | undefined> {
    const run = this.#runs.get(id);
    if (!run) return undefined;
    this.#checkTaking();
    const { world, devices, rate, tenant, project } = run.entry();
    await run[Symbol.asyncDispose]();
    return await this.#open(id, { world, devices, seed, rate, tenant, project }, author);
  }

  async stop(id: string): Promise<SimulationEntry | undefined> {
    const run = this.#runs.get(id);
    if (!run) return undefined;
    this.#runs.delete(id);
    await run[Symbol.asyncDispose]();
    return run.entry();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#runs.values()].map((run) => run[Symbol.asyncDispose]()));
    this.#runs.clear();
  }

  /** Reserves the place before the connection is made, so that two at once are two. */
  async #open(id: string, request: SimulationRequest, author: string): Promise<SimulationEntry> {
    this.#checkTaking();
    const { address, token } = this.#options;
    const run = new RunningWorld(id, request, author, this.#nextStart(), this.#needs);
    this.#runs.set(id, run);
    try {
      await run.begin(address, token);
    } catch (fault) {
      this.#runs.delete(id);
      throw fault;
    }
    return run.entry();
  }

  #checkTaking(): void {
    const refusal = this.#options.refusal();
    if (refusal !== undefined) throw new ApiError('unavailable', refusal);
  }

  /** The second of the start is the epoch of the numbers, so no two starts share one. */
  #nextStart(): number {
    this.#startMicros = Math.max(
      Math.floor(this.#needs.clock.nowMicros() / 1e6) * 1e6,
      this.#startMicros + 1e6,
    );
    return this.#startMicros;
  }

  #forgetEnded(): void {
    for (const [id, run] of this.#runs) if (run.fault !== undefined) this.#runs.delete(id);
  }
}

/** One world that runs. */
class RunningWorld implements AsyncDisposable {
  readonly #id: string;
  readonly #request: SimulationRequest;
  readonly #author: string;
  readonly #startMicros: number;
  readonly #needs: SimulationRoomNeeds;
  readonly #ending = new AbortController();
  #publisher: Publisher | undefined;
  #figures: RunFigures | undefined;
  #fault: string | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(
    id: string,
    request: SimulationRequest,
    author: string,
    startMicros: number,
    needs: SimulationRoomNeeds,
  ) {
    this.#id = id;
    this.#request = request;
    this.#author = author;
    this.#startMicros = startMicros;
    this.#needs = needs;
  }

  /** Why it ended by itself. */
  get fault(): string | undefined {
    return this.#fault;
  }

  entry(): SimulationEntry {
    return {
      ...this.#request,
      id: this.#id,
      author: this.#author,
      startedMicros: this.#startMicros,
      published: this.#figures?.published ?? 0,
      acked: this.#publisher?.figures().acked ?? 0,
      fault: this.#fault,
    };
  }

  /** Connects, then publishes until it is disposed. */
  async begin(address: Address, token: string): Promise<void> {
    this.#publisher = await openPublisher(
      {
        address,
        clientId: `skerry-${this.#id}`,
        keepAliveSecs: 30,
        window: WINDOW,
        username: 'skerry',
        password: new TextEncoder().encode(token),
        signal: this.#ending.signal,
      },
      this.#needs,
    );
    this.#running = this.#run(this.#publisher);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
    await this.#publisher?.[Symbol.asyncDispose]();
  }

  async #run(publisher: Publisher): Promise<void> {
    const { world, devices, seed, rate, tenant, project } = this.#request;
    const startMicros = this.#startMicros;
    const epoch = Math.floor(startMicros / 1e6);
    const made = WORLDS[world].open({ seed, devices, tenant, project, epoch, startMicros });
    const plan = {
      startMicros,
      stepSecs: 1 / rate,
      speed: 1,
      steps: Number.POSITIVE_INFINITY,
      mayJump: true,
    };
    const { clock, logger } = this.#needs;
    try {
      await runWorld(made, plan, {
        publisher,
        clock,
        signal: this.#ending.signal,
        onStep: (figures) => {
          this.#figures = figures;
        },
      });
    } catch (fault) {
      this.#fault = fault instanceof Error ? fault.message : String(fault);
      logger.log('error', 'A simulation has ended.', { id: this.#id, fault: this.#fault });
    }
  }
}
