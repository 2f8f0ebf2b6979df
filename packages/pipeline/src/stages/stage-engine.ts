import { StageFault, type StageMessage } from './stage-message.ts';
import { StageRun } from './stage-run.ts';
import type { PlanStep, StagePlan } from './stage-set.ts';

/** Why a record is set aside by a stage. */
export interface StageRefusal {
  /** `{pipeline}/{stage}`. */
  readonly stage: string;
  readonly detail: string;
}

/** Told of each stage that a message goes through; `isOn` false: it was taken out. */
export type StageTrace = (step: PlanStep, before: StageMessage, after: StageMessage, isOn: boolean) => void;

/** What the stages made of a record. */
export interface StageOutcome {
  /** Messages of the record that are left, then results of windows that it closed. */
  readonly messages: readonly StageMessage[];
  /** How many of `messages` are the record's own. */
  readonly own: number;
}

/** Takes records through the stages of a plan. What it changed is undone by `rollBack` until `settle`. */
export class StageEngine {
  readonly #run = new StageRun();
  readonly #own: StageMessage[] = [];
  #ownCount = 0;
  readonly #results: StageMessage[] = [];
  #plan: StagePlan | undefined;
  #counts = new Float64Array(0);
  readonly #trace: StageTrace | undefined;

  constructor(trace?: StageTrace) {
    this.#trace = trace;
  }

  /** Judges the messages of the record at `offset`. When it is refused, nothing was changed. */
  judge(plan: StagePlan, offset: number, messages: readonly StageMessage[]): StageOutcome | StageRefusal {
    const run = this.#run;
    run.begin(offset);
    this.#plan = plan;
    const places = plan.steps.length * PLACES;
    if (this.#counts.length < places) this.#counts = new Float64Array(places);
    else this.#counts.fill(0, 0, places);
    this.#ownCount = 0;
    if (this.#results.length > 0) this.#results.length = 0;
    for (const message of messages) {
      run.messageCost = 0;
      const refusal = this.#through(message, 0);
      if (refusal) return refusal;
    }
    for (let i = 0; i < run.results.length; i++) {
      const result = run.results[i];
      if (!result) break;
      run.messageCost = 0;
      const refusal = this.#through(result.message, result.stage);
      if (refusal) return refusal;
    }
    const own = this.#ownCount;
    if (this.#own.length !== own) this.#own.length = own;
    return { messages: this.#results.length === 0 ? this.#own : [...this.#own, ...this.#results], own };
  }

  /** Units that the last `judge` cost at most. */
  get cost(): number {
    return this.#run.recordCost;
  }

  /** Keeps what the last `judge` changed. */
  settle(): void {
    this.#run.settle();
    const steps = this.#plan?.steps ?? [];
    for (let i = 0; i < steps.length; i++) {
      const at = i * PLACES;
      const figures = steps[i]?.stage.figures;
      if (!figures) break;
      const went = Number(this.#counts[at]);
      const on = Number(this.#counts[at + 1]);
      figures.in += went;
      figures.out += on;
      figures.takenOut += went - on;
      figures.results += Number(this.#counts[at + 2]);
      figures.cost += Number(this.#counts[at + 3]);
    }
  }

  /** Takes back what the last `judge` changed. */
  rollBack(): void {
    this.#run.rollBack();
  }

  #through(message: StageMessage, from: number): StageRefusal | undefined {
    const run = this.#run;
    const steps = this.#plan?.steps ?? [];
    for (let i = from; i < steps.length; i++) {
      const step = steps[i];
      if (!step) break;
      const at = i * PLACES;
      const results = run.results.length;
      const cost = run.recordCost;
      const before = this.#trace && copyOf(message);
      let isOn: boolean;
      try {
        isOn = step.stage.run(message, run, i + 1);
      } catch (fault) {
        if (!(fault instanceof StageFault)) throw fault;
        run.rollBack();
        step.stage.figures.deadLettered++;
        return { stage: `${step.pipeline}/${step.stage.name}`, detail: fault.detail };
      }
      add(this.#counts, at, 1);
      add(this.#counts, at + 1, isOn ? 1 : 0);
      add(this.#counts, at + 2, run.results.length - results);
      add(this.#counts, at + 3, run.recordCost - cost);
      if (before) this.#trace?.(step, before, message, isOn);
      if (!isOn) return undefined;
    }
    if (message.isResult) this.#results.push(message);
    else this.#own[this.#ownCount++] = message;
    return undefined;
  }
}

/** Counts of one step: in, out, results, cost. */
const PLACES = 4;

function add(counts: Float64Array, at: number, by: number): void {
  counts[at] = Number(counts[at]) + by;
}

function copyOf(message: StageMessage): StageMessage {
  return { ...message, metrics: new Map(message.metrics), attributes: message.attributes };
}
