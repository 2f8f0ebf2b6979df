import type { ChaosCounts, ChaosFate, ChaosRow } from '@skerry/api';

/** Adds up what a chaos run finds: inputs of a kind that were answered alike are one row. */
export class ChaosTally {
  readonly #rows: ChaosRow[] = [];
  #counts: ChaosCounts = { stored: 0, deadLettered: 0, refused: 0, closed: 0, wrong: 0 };
  #sent = 0;

  /** In the order in which they were sent first; a new list each time. */
  get rows(): readonly ChaosRow[] {
    return [...this.#rows];
  }

  get counts(): ChaosCounts {
    return this.#counts;
  }

  /** Inputs that were judged. */
  get sent(): number {
    return this.#sent;
  }

  add(row: ChaosRow): void {
    const { answer, verdict } = row;
    const at = this.#rows.findIndex((one) => isAlike(one, row));
    const before = this.#rows[at];
    if (before) this.#rows[at] = { ...before, inputs: before.inputs + row.inputs };
    else this.#rows.push(row);
    this.#sent += row.inputs;
    const { stored, deadLettered, refused, closed, wrong } = this.#counts;
    const one = (isMeant: boolean) => (isMeant ? row.inputs : 0);
    this.#counts = {
      stored: stored + one(answer.kind === 'stored'),
      deadLettered: deadLettered + one(answer.kind === 'dead-lettered'),
      refused: refused + one(answer.kind === 'refused'),
      closed: closed + one(answer.kind === 'closed'),
      wrong: wrong + one(verdict === 'NOT'),
    };
  }
}

function isAlike(one: ChaosRow, other: ChaosRow): boolean {
  return (
    one.input === other.input &&
    one.level === other.level &&
    one.verdict === other.verdict &&
    isSameFate(one.answer, other.answer)
  );
}

function isSameFate(one: ChaosFate, other: ChaosFate): boolean {
  return one.kind === other.kind && one.reason === other.reason && one.code === other.code;
}
