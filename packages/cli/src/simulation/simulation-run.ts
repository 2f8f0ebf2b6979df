import { createHash } from 'node:crypto';
import type { Clock } from '@skerry/kernel';
import type { Publisher } from '@skerry/mqtt';
import type { World } from './world.ts';

/** How a world is let run. */
export interface RunPlan {
  /** Begin of the simulated time, microseconds since 1970. */
  readonly startMicros: number;
  /** Simulated seconds between two messages of a device. */
  readonly stepSecs: number;
  /** Simulated seconds a second; infinite for as fast as they are acknowledged. */
  readonly speed: number;
  /** Steps in all; infinite until it is stopped. */
  readonly steps: number;
  /** After a halt (of the machine, of the broker) the simulated time jumps to the present, instead of catching up. */
  readonly mayJump: boolean;
}

/** What a run works with. */
export interface RunNeeds {
  readonly publisher: Pick<Publisher, 'publish' | 'room'>;
  readonly clock: Pick<Clock, 'nowMicros' | 'monotonicMs' | 'sleep'>;
  readonly signal: AbortSignal;
  /** Told after every step. */
  readonly onStep?: (figures: RunFigures) => void;
}

/** What has been done so far. */
export interface RunFigures {
  readonly steps: number;
  readonly published: number;
  /** Simulated time of the newest messages, microseconds since 1970; the start while there are none. */
  readonly simulatedMicros: number;
}

/** Longest wait at once, so that a clock that was set is noticed. */
const LOOK_MS = 1_000;
/** Further behind than this the simulated time jumps, where it may. */
const JUMP_SECS = 10;

/**
 * Publishes the messages of a world, step by step, each step at its time; never ahead of the present. Resolves with the
 * figures and a SHA-256 over all topics and payloads, when its steps are done or the signal is aborted. Fails as
 * `Publisher.publish` does.
 */
export async function runWorld(
  world: World,
  plan: RunPlan,
  needs: RunNeeds,
): Promise<RunFigures & { readonly digest: string }> {
  const { publisher, clock, signal } = needs;
  const encoder = new TextEncoder();
  const hash = createHash('sha256');
  const pace = new StepPace(plan, clock);
  let steps = 0;
  let published = 0;
  let simulatedMicros = plan.startMicros;
  while (steps < plan.steps && !signal.aborted) {
    const dueMicros = await pace.next(signal);
    if (signal.aborted) break;
    simulatedMicros = dueMicros;
    for (const { topic, payload } of world.step(dueMicros, plan.stepSecs)) {
      hash.update(`${topic}\n${payload}\n`);
      const bytes = encoder.encode(payload);
      while (!publisher.publish(topic, bytes)) {
        await publisher.room(signal);
        if (signal.aborted) return { steps, published, simulatedMicros, digest: hash.digest('hex') };
      }
      published += 1;
    }
    steps += 1;
    needs.onStep?.({ steps, published, simulatedMicros });
  }
  return { steps, published, simulatedMicros, digest: hash.digest('hex') };
}

/** Gives the simulated time of each step when the step is due. */
class StepPace {
  readonly #plan: RunPlan;
  readonly #clock: RunNeeds['clock'];
  readonly #stepMicros: number;
  #anchorMs: number;
  #anchorMicros: number;
  #steps = 0;

  constructor(plan: RunPlan, clock: RunNeeds['clock']) {
    this.#plan = plan;
    this.#clock = clock;
    this.#stepMicros = plan.stepSecs * 1e6;
    this.#anchorMs = clock.monotonicMs();
    this.#anchorMicros = plan.startMicros;
  }

  /** Resolves with the time of the next step when it is due, or early when aborted. */
  async next(signal: AbortSignal): Promise<number> {
    this.#steps += 1;
    this.#jump();
    const micros = Math.round(this.#anchorMicros + this.#steps * this.#stepMicros);
    while (!signal.aborted) {
      const waitMs = this.#waitMs(micros);
      if (waitMs <= 0) break;
      await this.#clock.sleep(Math.min(waitMs, LOOK_MS), signal);
    }
    return micros;
  }

  /** Milliseconds until a simulated time is due at the speed, and until it is not in the future any more. */
  #waitMs(micros: number): number {
    const bySpeed =
      this.#anchorMs + (micros - this.#anchorMicros) / 1_000 / this.#plan.speed - this.#clock.monotonicMs();
    const byPresent = (micros - this.#clock.nowMicros()) / 1_000;
    return Math.max(bySpeed, byPresent);
  }

  #jump(): void {
    if (!this.#plan.mayJump) return;
    const lateMicros = this.#clock.nowMicros() - (this.#anchorMicros + this.#steps * this.#stepMicros);
    if (lateMicros < JUMP_SECS * 1e6) return;
    this.#anchorMicros += lateMicros;
    this.#anchorMs = this.#clock.monotonicMs() - (this.#steps * this.#stepMicros) / 1_000 / this.#plan.speed;
  }
}
