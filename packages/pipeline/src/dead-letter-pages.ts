import { covers, type DeadLetter } from '@skerry/model';
import type { DeadLetterChange, DeadLetterHead, SeriesStore } from '@skerry/series';
import type { ScopedDeadLetterFilter } from './pipeline.ts';
import type { SealDraft } from './seal-draft.ts';

/** Shows dead letters of the store as they are after what is not sealed yet. */
export class DeadLetterPages {
  readonly #store: Pick<SeriesStore, 'deadLetters' | 'deadLetter'>;
  readonly #unsealed: () => readonly SealDraft[];

  constructor(store: Pick<SeriesStore, 'deadLetters' | 'deadLetter'>, unsealed: () => readonly SealDraft[]) {
    this.#store = store;
    this.#unsealed = unsealed;
  }

  /** By offset. A letter whose change is not sealed yet shows its new state. */
  async list(filter: ScopedDeadLetterFilter): Promise<DeadLetterHead[]> {
    const drafts = this.#unsealed();
    const changes = new Map<number, DeadLetterChange>();
    for (const draft of drafts) for (const change of draft.changes) changes.set(change.offset, change);
    const found = new Map<number, DeadLetterHead>();
    // letters that are about to change are asked for in both states, so that none is missed
    const changed = [...changes.values()].filter((change) => change.state === filter.state);
    for (const { offset } of changed) {
      const letter = await this.#store.deadLetter(offset);
      if (letter) this.#take(found, headOf(letter), filter, changes);
    }
    await this.#fromStore(found, filter, changes);
    for (const draft of drafts)
      for (const letter of draft.deadLetters) this.#take(found, headOf(letter), filter, changes);
    return [...found.values()].sort((a, b) => a.offset - b.offset).slice(0, filter.limit);
  }

  /** One letter with its bytes, or undefined. */
  async get(offset: number): Promise<DeadLetter | undefined> {
    const drafts = this.#unsealed();
    const fresh = drafts.flatMap((draft) => draft.deadLetters).find((letter) => letter.offset === offset);
    const letter = fresh ?? (await this.#store.deadLetter(offset));
    const change = drafts.flatMap((draft) => draft.changes).findLast((one) => one.offset === offset);
    return letter && change ? { ...letter, ...change } : letter;
  }

  async #fromStore(
    found: Map<number, DeadLetterHead>,
    filter: ScopedDeadLetterFilter,
    changes: ReadonlyMap<number, DeadLetterChange>,
  ): Promise<void> {
    let after = filter.after;
    const before = found.size;
    while (found.size - before < filter.limit) {
      const { scopes: _, ...rest } = filter; // the store knows no scopes: what it gives is narrowed here
      const page = await this.#store.deadLetters({ ...rest, ...(after === undefined ? {} : { after }) });
      for (const head of page) this.#take(found, head, filter, changes);
      const last = page.at(-1);
      if (!last || page.length < filter.limit) return;
      after = last.offset;
    }
  }

  #take(
    found: Map<number, DeadLetterHead>,
    head: DeadLetterHead,
    filter: ScopedDeadLetterFilter,
    changes: ReadonlyMap<number, DeadLetterChange>,
  ): void {
    const change = changes.get(head.offset);
    const now = change ? { ...head, ...change } : head;
    if (fits(filter, now)) found.set(now.offset, now);
  }
}

function fits(filter: ScopedDeadLetterFilter, letter: DeadLetterHead): boolean {
  return (
    (filter.after === undefined || letter.offset > filter.after) &&
    (filter.scopes?.some((scope) => covers(scope, letter)) ?? true) &&
    (['state', 'reason', 'tenant', 'project', 'device'] as const).every(
      (name) => filter[name] === undefined || filter[name] === letter[name],
    )
  );
}

function headOf(letter: DeadLetter): DeadLetterHead {
  const { payload, headers: _, ...head } = letter;
  return { ...head, payloadBytes: payload.length };
}
