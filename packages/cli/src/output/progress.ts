import type { Writable } from 'node:stream';
import { isTerminal } from './color.ts';

/** How far something is. */
export interface ProgressState {
  readonly done: number;
  /** Undefined where nobody knows: then there is no bar. */
  readonly total: number | undefined;
  /** What follows the bar: figures in words. */
  readonly note: string;
}

const REDRAW_MS = 100;
const LINE_MS = 5_000;
const BAR_CELLS = 24;

/**
 * Progress on standard error: on a terminal a bar that is drawn over itself, elsewhere a plain line every 5 s.
 * `nowMs` is a clock that never goes back.
 */
export class Progress {
  readonly #out: Writable;
  readonly #nowMs: () => number;
  readonly #isTerminal: boolean;
  #lastMs: number;

  constructor(out: Writable, nowMs: () => number) {
    this.#out = out;
    this.#nowMs = nowMs;
    this.#isTerminal = isTerminal(out);
    this.#lastMs = this.#isTerminal ? Number.NEGATIVE_INFINITY : nowMs();
  }

  /** Whether `show` would print now; asked first where the figures cost something. */
  get isDue(): boolean {
    return this.#nowMs() - this.#lastMs >= (this.#isTerminal ? REDRAW_MS : LINE_MS);
  }

  /** Shows the state when it is time to. */
  show(state: ProgressState): void {
    if (!this.isDue) return;
    this.#lastMs = this.#nowMs();
    this.#out.write(this.#isTerminal ? `\r\x1b[K${barOf(state)} ${state.note}` : `${state.note}\n`);
  }

  /** Takes the bar off the terminal, or leaves its last state there. */
  end(state?: ProgressState): void {
    if (this.#isTerminal) this.#out.write(state ? `\r\x1b[K${barOf(state)} ${state.note}\n` : '\r\x1b[K');
    else if (state) this.#out.write(`${state.note}\n`);
  }
}

/** A bar of text: `[######------------------]  25 %`. */
export function barOf({ done, total }: Pick<ProgressState, 'done' | 'total'>): string {
  if (total === undefined) return '[...]';
  const share = total <= 0 ? 1 : Math.min(1, done / total);
  const full = Math.floor(share * BAR_CELLS);
  return `[${'#'.repeat(full)}${'-'.repeat(BAR_CELLS - full)}] ${String(Math.floor(share * 100)).padStart(3)} %`;
}
