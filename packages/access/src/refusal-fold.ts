import type { Clock, Timer } from '@skerry/kernel';
import type { AuditNote } from './audit-chain.ts';
import { LIMITS } from './limits.ts';

interface Fold {
  readonly note: AuditNote;
  count: number;
}

/** Refusals that repeat: the first of a kind is noted by itself, the others of the same minute as one with their count. */
export class RefusalFold implements Disposable {
  readonly #tell: (note: AuditNote) => void;
  readonly #ticker: Timer;
  #folds = new Map<string, Fold>();

  constructor(clock: Clock, tell: (note: AuditNote) => void) {
    this.#tell = tell;
    this.#ticker = clock.startTicker(LIMITS.refusalFoldSecs.value * 1_000, () => this.#end());
  }

  /** Whether a refusal is the first of its kind, and is to be noted; else it is counted. */
  isFirst(note: AuditNote): boolean {
    const isFull = this.#folds.size >= LIMITS.refusalKindsMax.value;
    const own = keyOf(note);
    const key = isFull && !this.#folds.has(own) ? OTHERS : own;
    const fold = this.#folds.get(key);
    if (fold) {
      fold.count++;
      return false;
    }
    const kept = key === OTHERS ? OTHER_NOTE : note;
    this.#folds.set(key, { note: kept, count: key === OTHERS ? 1 : 0 });
    return key !== OTHERS;
  }

  /** Tells what was counted. */
  [Symbol.dispose](): void {
    this.#ticker[Symbol.dispose]();
    this.#end();
  }

  #end(): void {
    const folds = this.#folds;
    this.#folds = new Map();
    for (const { note, count } of folds.values()) if (count > 0) this.#tell({ ...note, count });
  }
}

const OTHERS = '';
const OTHER_NOTE: AuditNote = {
  author: 'anonymous',
  action: 'refusals.other',
  target: '',
  outcome: 'refused',
  from: '',
  detail: 'refusals of further kinds within one minute',
};

/** What is alike: who, what, from where; the target may differ. */
function keyOf({ author, action, from }: AuditNote): string {
  return JSON.stringify([author, action, from]);
}
