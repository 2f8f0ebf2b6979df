import type { StagesDocument } from '@skerry/model';
import type { StageRow } from '@skerry/series';
import type { AggregateState } from './aggregate-state.ts';
import { asAggregate, compilePipeline } from './compiled-pipeline.ts';
import { type DeclaredDocument, restoreDocument } from './declared-document.ts';
import { type DocumentPlace, documentKey, scopeOfChange } from './document-key.ts';
import { StageBook } from './stage-book.ts';
import { readChange, type StageChange } from './stage-change.ts';
import { StageEngine, type StageOutcome, type StageRefusal } from './stage-engine.ts';
import type { StageMessage } from './stage-message.ts';
import { type StagePlan, StageSet } from './stage-set.ts';

/**
 * The stages of each record's own time, for an audit that reads the journal from `from` on: changes take effect where
 * their records lie. Windows that were open at `from` are not known, so results of such an Aggregate cannot be told.
 */
export class AuditStages {
  readonly #book = new StageBook();
  readonly #engine = new StageEngine();
  readonly #documents: readonly DeclaredDocument[];
  /** Windows of an Aggregate that was in force at `from`, or that a replay went through which may have been a duplicate. */
  readonly #unknown = new Set<AggregateState>();
  /** Documents of which no version that was in force at `from` is kept, until they change. */
  readonly #blind = new Set<string>();
  readonly #sets = new Map<number, StageSet>();

  constructor(rows: readonly StageRow[], from: number) {
    const byKey = Map.groupBy(rows, ({ pipeline }) => pipeline);
    this.#documents = [...byKey].flatMap(([key, own]) => restoreDocument(key, own) ?? []);
    for (const document of this.#documents) {
      const oldest = document.versions[0];
      if (from > 0 && oldest && oldest.version > 1 && oldest.offset >= from) this.#blind.add(document.key);
    }
    this.#book.restore(rows.filter((row) => isVersionBefore(row, from)));
    for (const { key, stages, fault } of this.#book.set.pipelines) {
      // an earlier version made it, and what its stages did cannot be told any more
      if (fault !== undefined) this.#blind.add(key);
      for (const stage of stages) {
        const state = asAggregate(stage)?.state;
        if (state) this.#unknown.add(state);
      }
    }
  }

  /** True when it is not known which stages were in force for the record that is read now. */
  get isBlind(): boolean {
    return this.#blind.size > 0;
  }

  /** A record of the kind `pipeline` was read. */
  change(payload: Uint8Array, offset: number, author: string, changedMicros: number): void {
    const change = readChange(payload);
    if (change) this.#blind.delete(documentKey(this.#blindPlace(change)));
    this.#book.change(payload, offset, author, changedMicros);
  }

  /** What a change is about, also when only its later history is known. */
  #blindPlace(change: StageChange): DocumentPlace {
    if (scopeOfChange(change)) return this.#book.placeOf(change);
    const { kind, name } = change;
    return (
      this.#documents.find((one) => one.kind === kind && one.name === name) ?? this.#book.placeOf(change)
    );
  }

  /** The plan in force for a topic now. */
  plan(tenant: string, project: string, topic: string): StagePlan | undefined {
    return this.#book.plan(tenant, project, topic);
  }

  /** Whether the results of windows can be told for a plan. */
  isExact(plan: StagePlan): boolean {
    return plan.steps.every(({ stage }) => {
      const state = asAggregate(stage)?.state;
      return state === undefined || !this.#unknown.has(state);
    });
  }

  /** From now on the windows of a plan are not known. */
  forget(plan: StagePlan): void {
    for (const { stage } of plan.steps) {
      const state = asAggregate(stage)?.state;
      if (state) this.#unknown.add(state);
    }
  }

  /** Takes a record through the stages in force, as the pipeline did. */
  judge(plan: StagePlan, offset: number, messages: readonly StageMessage[]): StageOutcome | StageRefusal {
    const outcome = this.#engine.judge(plan, offset, messages);
    this.#engine.settle();
    return outcome;
  }

  /** The stages in force at an offset and after each later change, the newest first, their windows empty. */
  setsSince(offset: number): StageSet[] {
    const changes = this.#documents.flatMap(({ versions }) => versions.map((one) => one.offset));
    const later = changes.filter((one) => one > offset).sort((a, b) => b - a);
    return [...later.map((one) => this.#setAt(one + 1)), this.#setAt(offset)];
  }

  #setAt(offset: number): StageSet {
    const known = this.#sets.get(offset);
    if (known) return known;
    const documents = this.#documents.flatMap((one): StagesDocument[] => {
      const version = one.versions.findLast((version) => version.offset < offset);
      return version?.document ? [version.document] : [];
    });
    const tables = documents.flatMap((one) => (one.kind === 'LookupTable' ? [one] : []));
    const pipelines = documents.flatMap((one) =>
      one.kind === 'Pipeline' ? (compilePipeline(one, tables).pipeline ?? []) : [],
    );
    const set = new StageSet(pipelines);
    this.#sets.set(offset, set);
    return set;
  }
}

function isVersionBefore({ part, body }: StageRow, from: number): boolean {
  if (!part.startsWith('version:') || body === undefined) return false;
  const { offset } = JSON.parse(body) as { readonly offset: number }; // written by `DeclaredDocument`
  return offset < from;
}
