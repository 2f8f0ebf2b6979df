import {
  type DocumentFault,
  type LookupTableDocument,
  type PipelineDocument,
  parseStagesDocument,
  type StagesDocument,
} from '@skerry/model';
import type { StageRow } from '@skerry/series';
import { PipelineError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { stageOfRow } from './aggregate-state.ts';
import { asAggregate, type CompiledPipeline, compilePipeline, tableFaults } from './compiled-pipeline.ts';
import { DeclaredDocument } from './declared-document.ts';
import {
  type ChangeOutcome,
  type DocumentKind,
  type DocumentVersion,
  readChange,
  type StageChange,
} from './stage-change.ts';
import { type StagePlan, StageSet } from './stage-set.ts';

type Done = Pick<ChangeOutcome, 'state' | 'detail' | 'faults'>;

const DONE: Done = { state: 'done', detail: '', faults: [] };
const UNCHANGED: Done = { state: 'unchanged', detail: '', faults: [] };

/** The declared documents as the records of the journal made them, and the stages in force. */
export class StageBook {
  /** Grows with every change: plans from before are to be asked for again. */
  generation = 1;
  readonly #documents = new Map<string, DeclaredDocument>();
  readonly #outcomes = new Map<string, ChangeOutcome>();
  readonly #waiting = new Map<string, (outcome: ChangeOutcome) => void>();
  #set = new StageSet([]);
  #goneRows: StageRow[] = [];

  /** The stages in force. */
  get set(): StageSet {
    return this.#set;
  }

  /** The plan of a topic; undefined when no pipeline takes it. */
  plan(tenant: string, project: string, topic: string): StagePlan | undefined {
    return this.#set.pipelines.length === 0 ? undefined : this.#set.plan(tenant, project, topic);
  }

  /** Documents with a version, by kind and name. */
  get documents(): DeclaredDocument[] {
    return [...this.#documents.values()].sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  }

  find(kind: DocumentKind, name: string): DeclaredDocument | undefined {
    return this.#documents.get(`${kind}/${name}`);
  }

  /** Tables in force. */
  get tables(): LookupTableDocument[] {
    return this.#inForce('LookupTable').flatMap((one) => (one.kind === 'LookupTable' ? [one] : []));
  }

  /** Pipelines in force. */
  get pipelines(): PipelineDocument[] {
    return this.#inForce('Pipeline').flatMap((one) => (one.kind === 'Pipeline' ? [one] : []));
  }

  /** What is wrong with putting a document in force now; empty when nothing is. `places`: it was only read in part. */
  check(document: StagesDocument, places?: readonly number[]): readonly DocumentFault[] {
    if (places && document.kind === 'Pipeline') return compilePipeline(document, this.tables, places).faults;
    const compiled = this.#compileWith(document.kind, document.metadata.name, document);
    return compiled instanceof StageSet ? [] : compiled;
  }

  /** Judges a record of the kind `pipeline`. */
  change(payload: Uint8Array, offset: number, author: string, changedMicros: number): void {
    const change = readChange(payload);
    if (!change) return;
    const known = this.find(change.kind, change.name);
    const { state, detail, faults } = this.#judge(change, known, { offset, author, changedMicros });
    const newest = this.find(change.kind, change.name)?.newest;
    const isThere = newest?.document !== undefined;
    this.#tell({
      id: change.id,
      state,
      detail,
      faults,
      version: isThere ? newest.version : 0,
      offset: isThere ? newest.offset : -1,
    });
  }

  /** Resolves with what became of a change, as soon as its record is judged. */
  outcome(id: string): Promise<ChangeOutcome> {
    const known = this.#outcomes.get(id);
    if (known) return Promise.resolve(known);
    return new Promise((resolve) => {
      for (const oldest of this.#waiting.keys()) {
        if (this.#waiting.size < LIMITS.outcomesMax.value) break;
        this.#waiting.delete(oldest);
      }
      this.#waiting.set(id, resolve);
    });
  }

  /** Rows that changed since the last call, for the seal. */
  takeRows(): StageRow[] {
    const rows = this.#goneRows;
    this.#goneRows = [];
    for (const document of this.#documents.values())
      for (const row of document.takeRows()) rows.push({ pipeline: document.key, ...row });
    for (const { name, stages } of this.#set.pipelines)
      for (const stage of stages)
        for (const row of asAggregate(stage)?.state.takeRows() ?? [])
          rows.push({ pipeline: `Pipeline/${name}`, ...row });
    return rows;
  }

  /** Takes over what the store kept. Fails with `stages-damaged` when it cannot be put in force as it was. */
  restore(rows: readonly StageRow[]): void {
    if (rows.length === 0) return;
    const byKey = Map.groupBy(rows, ({ pipeline }) => pipeline);
    for (const [key, own] of byKey) {
      const [kind, name = ''] = key.split('/');
      const document = new DeclaredDocument(kind === 'Pipeline' ? 'Pipeline' : 'LookupTable', name);
      document.restore(own);
      if (document.versions.length > 0) this.#documents.set(key, document);
    }
    const pipelines = this.pipelines.map((document) => {
      const { pipeline, faults } = compilePipeline(document, this.tables);
      if (!pipeline) throw damaged(document.metadata.name, faults);
      const own = byKey.get(`Pipeline/${pipeline.name}`) ?? [];
      for (const stage of pipeline.stages)
        asAggregate(stage)?.state.restore(own.filter(({ part }) => stageOfRow(part) === stage.name));
      return pipeline;
    });
    this.#set = new StageSet(pipelines);
    this.generation++;
  }

  #judge(
    change: StageChange,
    known: DeclaredDocument | undefined,
    at: Pick<DocumentVersion, 'offset' | 'author' | 'changedMicros'>,
  ): Done {
    const { action, kind, name } = change;
    const inForce = known?.document === undefined ? undefined : known.newest;
    const found = inForce?.offset ?? -1;
    if (change.expected !== undefined && change.expected !== found)
      return {
        state: 'conflict',
        detail: `The version in force is that of offset ${found}; ${change.expected} was expected.`,
        faults: [],
      };
    if (action === 'apply') {
      const { document, faults } = parseStagesDocument(change.document);
      if (!document) return refused(`The ${kind} ${name} cannot be read.`, faults);
      if (document.kind !== kind || document.metadata.name !== name)
        return refused(
          `The document is the ${document.kind} ${document.metadata.name}, wanted the ${kind} ${name}.`,
        );
      if (inForce && JSON.stringify(inForce.document) === JSON.stringify(document)) return UNCHANGED;
      return this.#put(kind, name, document, { ...at, action });
    }
    if (action === 'remove') {
      if (!inForce) return { state: 'not-found', detail: `No ${kind} ${name} is in force.`, faults: [] };
      return this.#put(kind, name, undefined, { ...at, action });
    }
    const previous = known?.previous;
    if (!previous)
      return { state: 'not-found', detail: `The ${kind} ${name} has no earlier version.`, faults: [] };
    return this.#put(kind, name, previous.document, { ...at, action, of: previous.version });
  }

  #put(
    kind: DocumentKind,
    name: string,
    document: StagesDocument | undefined,
    version: Omit<DocumentVersion, 'version' | 'document' | 'of'> & { readonly of?: number },
  ): Done {
    const key = `${kind}/${name}`;
    const inForce = [...this.#documents.values()].filter((one) => one.document && one.key !== key);
    if (document && inForce.length >= LIMITS.pipelinesMax.value)
      return refused(`${inForce.length} documents are in force; at most ${LIMITS.pipelinesMax.value} are.`);
    const next = this.#compileWith(kind, name, document);
    if (!(next instanceof StageSet))
      return refused(`The ${kind} ${name} cannot be put in force${document ? '' : ' or removed'}.`, next);
    let entry = this.#documents.get(key);
    if (!entry) {
      entry = new DeclaredDocument(kind, name);
      this.#forgetOldest();
      this.#documents.set(key, entry);
    }
    const number = (entry.newest?.version ?? 0) + 1;
    entry.add({ of: number, ...version, version: number, document });
    this.#takeOver(next);
    return DONE;
  }

  /** Removed documents keep their history while there is room. */
  #forgetOldest(): void {
    if (this.#documents.size < 2 * LIMITS.pipelinesMax.value) return;
    const removed = [...this.#documents.values()].filter((one) => one.document === undefined);
    const oldest = removed.sort((a, b) => Number(a.newest?.offset) - Number(b.newest?.offset))[0];
    if (!oldest) return;
    this.#documents.delete(oldest.key);
    for (const row of oldest.goneRows()) this.#goneRows.push({ pipeline: oldest.key, ...row });
  }

  /** The stages as they would be with this document in the place of its namesake, or what is wrong with it. */
  #compileWith(
    kind: DocumentKind,
    name: string,
    document: StagesDocument | undefined,
  ): StageSet | readonly DocumentFault[] {
    const others = <T extends StagesDocument>(all: readonly T[]) =>
      all.filter((one) => one.kind !== kind || one.metadata.name !== name);
    const tables = others(this.tables);
    const pipelines = others(this.pipelines);
    if (document?.kind === 'LookupTable') {
      const faults = tableFaults(document);
      if (faults.length > 0) return faults;
      tables.push(document);
    } else if (document) pipelines.push(document);
    const compiled: CompiledPipeline[] = [];
    for (const one of pipelines) {
      const same = this.#set.pipelines.find((known) => known.document === one);
      if (same && kind === 'Pipeline') {
        compiled.push(same);
        continue;
      }
      const { pipeline, faults } = compilePipeline(one, tables);
      if (!pipeline)
        return one === document
          ? faults
          : faults.map(({ path, detail }) => ({ path: `${one.metadata.name}: ${path}`, detail }));
      compiled.push(pipeline);
    }
    return new StageSet(compiled);
  }

  /** Puts stages in force: windows of an Aggregate that is the same as before go on, others are given up. */
  #takeOver(next: StageSet): void {
    for (const before of this.#set.pipelines) {
      const after = next.pipelines.find(({ name }) => name === before.name);
      if (after === before) continue;
      for (const stage of before.stages) {
        const same = after?.stages.find(({ name, type }) => name === stage.name && type === stage.type);
        if (same) Object.assign(same.figures, stage.figures);
        const old = asAggregate(stage);
        const fresh = same && asAggregate(same);
        if (old && fresh && fresh.signature === old.signature) fresh.state = old.state;
        else if (old)
          for (const row of old.state.goneRows())
            this.#goneRows.push({ pipeline: `Pipeline/${before.name}`, ...row });
      }
    }
    this.#set = next;
    this.generation++;
  }

  #inForce(kind: DocumentKind): StagesDocument[] {
    return this.documents.flatMap((one) => (one.kind === kind && one.document ? [one.document] : []));
  }

  #tell(outcome: ChangeOutcome): void {
    for (const oldest of this.#outcomes.keys()) {
      if (this.#outcomes.size < LIMITS.outcomesMax.value) break;
      this.#outcomes.delete(oldest);
    }
    this.#outcomes.set(outcome.id, outcome);
    this.#waiting.get(outcome.id)?.(outcome);
    this.#waiting.delete(outcome.id);
  }
}

function refused(detail: string, faults: readonly DocumentFault[] = []): Done {
  return { state: 'refused', detail, faults };
}

function damaged(name: string, faults: readonly DocumentFault[]): PipelineError {
  const words = faults.map(({ path, detail }) => `${path}: ${detail}`).join('; ');
  return new PipelineError(
    'stages-damaged',
    `The store keeps the pipeline ${name} as in force, and it cannot be made: ${words}`,
    { pipeline: name },
  );
}
