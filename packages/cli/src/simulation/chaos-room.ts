import { API_LIMITS, ApiError, type ChaosDesk, type ChaosRun } from '@skerry/api';
import type { Clock, Logger, Random } from '@skerry/kernel';
import { chaosInputs, chaosProject, runChaos } from './chaos-run.ts';
import { ChaosTally } from './chaos-tally.ts';
import { type ChaosLook, ChaosWitness } from './chaos-witness.ts';
import type { MqttTarget } from './target.ts';

/** What the room works with. */
export interface ChaosRoomNeeds {
  readonly clock: Clock;
  readonly random: Pick<Random, 'bytes'>;
  readonly logger: Logger;
}

/** Where bad inputs are sent, and where it is looked up what became of them. */
export interface ChaosRoomOptions {
  readonly target: MqttTarget;
  readonly look: ChaosLook;
  /** Why nothing is taken in now; undefined where it is. */
  readonly refusal: () => string | undefined;
}

/**
 * The chaos runs of a server: the newest of each tenant, one under way at a time. Each sends over MQTT what `skerry simulate
 * chaos` sends. Disposing ends the one under way.
 */
export class ChaosRoom implements ChaosDesk, AsyncDisposable {
  readonly #options: ChaosRoomOptions;
  readonly #needs: ChaosRoomNeeds;
  /** By tenant, oldest first. */
  readonly #runs = new Map<string, RunningChaos>();

  constructor(options: ChaosRoomOptions, needs: ChaosRoomNeeds) {
    this.#options = options;
    this.#needs = needs;
  }

  get inputs(): number {
    return chaosInputs();
  }

  list(): readonly ChaosRun[] {
    return [...this.#runs.values()].reverse().map((run) => run.entry());
  }

  start(tenant: string, author: string): ChaosRun {
    const running = [...this.#runs.values()].filter(({ isRunning }) => isRunning).length;
    if (running >= API_LIMITS.chaosRunsMax.value) {
      throw new ApiError(
        'too-many-simulations',
        `${running} chaos run is under way, at most that many may be`,
      );
    }
    const refusal = this.#options.refusal();
    if (refusal !== undefined) throw new ApiError('unavailable', refusal);
    const run = new RunningChaos(tenant, author, this.#options, this.#needs);
    this.#runs.delete(tenant);
    this.#runs.set(tenant, run);
    const [oldest] = this.#runs.keys();
    if (this.#runs.size > API_LIMITS.chaosTenantsMax.value && oldest !== undefined) this.#runs.delete(oldest);
    return run.entry();
  }

  async stop(id: string): Promise<ChaosRun | undefined> {
    const run = [...this.#runs.values()].find((one) => one.id === id);
    await run?.[Symbol.asyncDispose]();
    return run?.entry();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#runs.values()].map((run) => run[Symbol.asyncDispose]()));
    this.#runs.clear();
  }
}

/** One run. */
class RunningChaos implements AsyncDisposable {
  readonly id: string;
  readonly #tenant: string;
  readonly #project: string;
  readonly #author: string;
  readonly #startedMicros: number;
  readonly #options: ChaosRoomOptions;
  readonly #needs: ChaosRoomNeeds;
  readonly #tally = new ChaosTally();
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #state: ChaosRun['state'] = 'running';
  #fault: string | undefined;

  constructor(tenant: string, author: string, options: ChaosRoomOptions, needs: ChaosRoomNeeds) {
    this.#tenant = tenant;
    this.#author = author;
    this.#options = options;
    this.#needs = needs;
    this.#project = chaosProject(needs.random);
    this.id = `chaos-${this.#project}`;
    this.#startedMicros = needs.clock.nowMicros();
    this.#running = this.#run();
  }

  get isRunning(): boolean {
    return this.#state === 'running';
  }

  entry(): ChaosRun {
    return {
      id: this.id,
      tenant: this.#tenant,
      project: this.#project,
      author: this.#author,
      startedMicros: this.#startedMicros,
      state: this.#state,
      sent: this.#tally.sent,
      inputs: chaosInputs(),
      counts: this.#tally.counts,
      rows: this.#tally.rows,
      fault: this.#fault,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { target, look, refusal } = this.#options;
    const { clock, logger } = this.#needs;
    const { signal } = this.#ending;
    const plan = { target, tenant: this.#tenant, project: this.#project };
    try {
      for await (const row of runChaos(plan, new ChaosWitness(look, clock), signal)) {
        this.#tally.add(row);
        const why = refusal();
        if (why !== undefined) throw new ApiError('unavailable', why);
      }
      this.#state = this.#tally.sent === chaosInputs() ? 'done' : 'stopped';
    } catch (fault) {
      this.#fault = fault instanceof Error ? fault.message : String(fault);
      this.#state = 'failed';
      logger.log('error', 'A chaos run has failed.', { id: this.id, fault: this.#fault });
    }
  }
}
