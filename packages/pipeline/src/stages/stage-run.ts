import { LIMITS } from '../limits.ts';
import type { Expression } from './expression.ts';
import { StageFault, type StageMessage } from './stage-message.ts';
import { type StageUndo, ValuesLog } from './window-values.ts';

/** A result on its way to the stage behind the one that made it. */
export interface PendingResult {
  readonly message: StageMessage;
  /** Index of the stage it goes to next. */
  readonly stage: number;
}

/** What the stages of one record share while it is judged. What they changed can be undone until it is settled. */
export class StageRun {
  /** Journal offset of the record that is judged. */
  offset = 0;
  /** Units of the message at hand, and of the whole record. */
  messageCost = 0;
  recordCost = 0;
  readonly undo: StageUndo = { values: new ValuesLog(), steps: [] };
  readonly results: PendingResult[] = [];

  /** Begins a record. */
  begin(offset: number): void {
    this.offset = offset;
    this.recordCost = 0;
    this.settle();
    if (this.results.length > 0) this.results.length = 0;
  }

  /** Evaluates; what it costs at most is charged before. Fails with `StageFault`. */
  evaluate(expression: Expression, message: StageMessage, value?: unknown): unknown {
    const units = expression.cost.unitsFor(message);
    this.messageCost += units;
    this.recordCost += units;
    if (this.messageCost > LIMITS.stageMessageCostMax.value)
      throw new StageFault(
        `The expression ${expression.text} would bring the message to ${this.messageCost} units; at most ${LIMITS.stageMessageCostMax.value} are spent on one.`,
      );
    if (this.recordCost > LIMITS.stageRecordCostMax.value)
      throw new StageFault(
        `The expression ${expression.text} would bring the record to ${this.recordCost} units; at most ${LIMITS.stageRecordCostMax.value} are spent on one.`,
      );
    return expression.evaluate(message, value);
  }

  /** Keeps everything that was changed. */
  settle(): void {
    this.undo.values.clear();
    // an array that is emptied by its length loses its memory
    if (this.undo.steps.length > 0) this.undo.steps.length = 0;
  }

  /** Takes back everything that was changed, the newest first. */
  rollBack(): void {
    const { steps, values } = this.undo;
    values.rollBack();
    for (let i = steps.length - 1; i >= 0; i--) steps[i]?.();
    steps.length = 0;
  }
}

/** What a stage did, since the process began. */
export interface StageFigures {
  /** Messages that came, went on, and were taken out. */
  in: number;
  out: number;
  takenOut: number;
  /** Records set aside by this stage. */
  deadLettered: number;
  /** Messages too late for every window that is open; part of `takenOut` where they are dropped. */
  late: number;
  /** Results of windows. */
  results: number;
  /** Units that its expressions cost at most. */
  cost: number;
}

/** All figures at 0. */
export function noFigures(): StageFigures {
  return { in: 0, out: 0, takenOut: 0, deadLettered: 0, late: 0, results: 0, cost: 0 };
}

/** One stage ready to work. */
export interface CompiledStage {
  readonly name: string;
  readonly type: 'Filter' | 'Transform' | 'Enrich' | 'Aggregate';
  readonly figures: StageFigures;
  /** Changes the message in place; false takes it out. Results go to `run.results` for stage `next`. Fails with `StageFault`. */
  run(message: StageMessage, run: StageRun, next: number): boolean;
}
