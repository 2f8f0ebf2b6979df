import type { Clock, Timer } from '@skerry/kernel';
import type { AuditNote } from './audit-chain.ts';
import { LIMITS } from './limits.ts';

interface Fold {
  readonly note: AuditNote;
  count: number;
}

/**
 * Refusals that repeat: the first of a kind is noted by itself, the others of the same minute as one with their count.
 * A count stands for one target; what somebody tries on too many of them is counted as what it is: on several.
 */
export class RefusalFold implements Disposable {
  readonly #tell: (note: AuditNote) => void;
  readonly #ticker: Timer;
  #folds = new Map<string, Fold>();
  /** Kinds of who, what and from where: as many as there are targets. */
  #targets = new Map<string, number>();

  constructor(clock: Clock, tell: (note: AuditNote) => void) {
    this.#tell = tell;
    this.#ticker = clock.startTicker(LIMITS.refusalFoldSecs.value * 1_000, () => this.#end());
  }

  /** Whether a refusal is the first of its kind, and is to be noted; else it is counted. */
  isFirst(note: AuditNote): boolean {
    const { author, action, from, target, detail = '' } = note;
    const own = JSON.stringify([author, action, from, target, detail]);
    if (this.#counted(own)) return false;
    const source = JSON.stringify([author, action, from]);
    const targets = this.#targets.get(source) ?? 0;
    const isMany = targets >= LIMITS.refusalTargetsMax.value;
    if (isMany && this.#counted(source)) return false;
    if (this.#folds.size >= LIMITS.refusalKindsMax.value) {
      if (!this.#counted(OTHERS)) this.#folds.set(OTHERS, { note: OTHER_NOTE, count: 1 });
      return false;
    }
    if (isMany) {
      this.#folds.set(source, { note: severalOf(note), count: 1 });
      return false;
    }
    this.#targets.set(source, targets + 1);
    this.#folds.set(own, { note, count: 0 });
    return true;
  }

  #counted(key: string): boolean {
    const fold = this.#folds.get(key);
    if (fold) fold.count++;
    return fold !== undefined;
  }

  /** Tells what was counted. */
  [Symbol.dispose](): void {
    this.#ticker[Symbol.dispose]();
    this.#end();
  }

  #end(): void {
    const folds = this.#folds;
    this.#folds = new Map();
    this.#targets = new Map();
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

const SIGN_INS: ReadonlySet<string> = new Set(['session.create', 'mqtt.connect']);

/** What stands for the refusals of one source that are beyond the targets told by name. */
function severalOf({ author, action, from, outcome }: AuditNote): AuditNote {
  const target = SIGN_INS.has(action) ? 'several names' : 'several targets';
  const detail = `beyond the ${LIMITS.refusalTargetsMax.value} of this minute that are told one by one`;
  return { author, action, target, outcome, from, detail };
}
