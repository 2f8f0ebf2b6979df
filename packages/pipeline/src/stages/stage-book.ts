import { type Logger, silentLogger } from '@skerry/kernel';
import {
  type DocumentFault,
  type LookupTableDocument,
  type PipelineDocument,
  parseStagesDocument,
  type StagesDocument,
} from '@skerry/model';
import type { StageRow } from '@skerry/series';
import { LIMITS } from '../limits.ts';
import { stageOfRow } from './aggregate-state.ts';
import {
  asAggregate,
  brokenPipeline,
  type CompiledPipeline,
  compilePipeline,
  tableFaults,
} from './compiled-pipeline.ts';
import { DeclaredDocument, restoreDocument } from './declared-document.ts';
import { type DocumentPlace, documentKey, keyOf, placeOf, scopeOfChange } from './document-key.ts';
import { refuseBeyond, trimHistories } from './document-shares.ts';
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
  /** State of pipelines that this build cannot make, as it was sealed. */
  readonly #brokenRows = new Map<string, readonly StageRow[]>();

  /** The stages in force. */
  get set(): StageSet {
    return this.#set;
  }

  /** The plan of a topic; undefined when no pipeline takes it. */
  plan(tenant: string, project: string, topic: string): StagePlan | undefined {
    return this.#set.pipelines.length === 0 ? undefined : this.#set.plan(tenant, project, topic);
  }

  /** Documents with a version, by kind, scope and name. */
  get documents(): DeclaredDocument[] {
    return [...this.#documents.values()].sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
  }

  find(place: DocumentPlace): DeclaredDocument | undefined {
    return this.#documents.get(documentKey(place));
  }

  /** Whether a pipeline in force could not be made when the book was restored, so that its records are set aside. */
  isBroken(key: string): boolean {
    return this.#set.pipelines.some((one) => one.key === key && one.fault !== undefined);
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
    const compiled = this.#compileWith(placeOf(document), document);
    return compiled instanceof StageSet ? [] : compiled;
  }

  /** Judges a record of the kind `pipeline`. */
  change(payload: Uint8Array, offset: number, author: string, changedMicros: number): void {
    const change = readChange(payload);
    if (!change) return;
    const place = this.placeOf(change);
    const known = this.find(place);
    const at = { offset, author, changedMicros };
    const { state, detail, faults } = this.#judge(change, place, known, at);
    const newest = this.find(place)?.newest;
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

  /** What a change is about: one that does not say whose is about the only document of its name. */
  placeOf(change: StageChange): DocumentPlace {
    const { kind, name } = change;
    const scope = scopeOfChange(change);
    if (scope) return { kind, name, scope };
    return this.documents.find((one) => one.kind === kind && one.name === name) ?? { kind, name, scope: {} };
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
      for (const row of document.takeRows()) rows.push({ pipeline: document.rowKey, ...row });
    for (const { key, stages } of this.#set.pipelines)
      for (const stage of stages)
        for (const row of asAggregate(stage)?.state.takeRows() ?? [])
          rows.push({ pipeline: this.#rowKey(key), ...row });
    return rows;
  }

  #rowKey(key: string): string {
    return this.#documents.get(key)?.rowKey ?? key;
  }

  /**
   * Takes over what the store kept. A pipeline that this build cannot make sets its records aside until it is changed.
   * Fails with `stages-damaged` when a row cannot be read.
   */
  restore(rows: readonly StageRow[], logger: Logger = silentLogger): void {
    if (rows.length === 0) return;
    const byKey = Map.groupBy(rows, ({ pipeline }) => pipeline);
    for (const [rowKey, own] of byKey) {
      const document = restoreDocument(rowKey, own);
      if (document) this.#documents.set(document.key, document);
    }
    const pipelines = this.pipelines.map((document) => {
      const { pipeline, faults } = compilePipeline(document, this.tables);
      const key = keyOf(document);
      const own = (byKey.get(this.#rowKey(key)) ?? []).filter(({ part }) => stageOfRow(part) !== undefined);
      if (!pipeline) {
        this.#brokenRows.set(key, own);
        const broken = brokenPipeline(document, faults);
        logger.log('error', 'A declared pipeline cannot be made; its records are set aside', {
          pipeline: key,
          detail: broken.fault,
        });
        return broken;
      }
      for (const stage of pipeline.stages)
        asAggregate(stage)?.state.restore(own.filter(({ part }) => stageOfRow(part) === stage.name));
      return pipeline;
    });
    this.#set = new StageSet(pipelines);
    this.generation++;
  }

  #judge(
    change: StageChange,
    place: DocumentPlace,
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
      if (keyOf(document) !== documentKey(place))
        return refused(`The document ${name} is about another tenant or project than was asked for.`);
      if (inForce && JSON.stringify(inForce.document) === JSON.stringify(document)) return UNCHANGED;
      return this.#put(place, document, { ...at, action });
    }
    if (action === 'remove') {
      if (!inForce) return { state: 'not-found', detail: `No ${kind} ${name} is in force.`, faults: [] };
      return this.#put(place, undefined, { ...at, action });
    }
    const previous = known?.previous;
    if (!previous)
      return { state: 'not-found', detail: `The ${kind} ${name} has no earlier version.`, faults: [] };
    return this.#put(place, previous.document, { ...at, action, of: previous.version });
  }

  #put(
    place: DocumentPlace,
    document: StagesDocument | undefined,
    version: Omit<DocumentVersion, 'version' | 'document' | 'of'> & { readonly of?: number },
  ): Done {
    const { kind, name } = place;
    const key = documentKey(place);
    const beyond = document && refuseBeyond(place, document, this.#documents.values());
    if (beyond !== undefined) return refused(beyond);
    const next = this.#compileWith(place, document);
    if (!(next instanceof StageSet))
      return refused(`The ${kind} ${name} cannot be put in force${document ? '' : ' or removed'}.`, next);
    let entry = this.#documents.get(key);
    if (!entry) {
      entry = new DeclaredDocument(place);
      this.#documents.set(key, entry);
    }
    const number = (entry.newest?.version ?? 0) + 1;
    entry.add({ of: number, ...version, version: number, document });
    this.#takeOver(next);
    for (const forgotten of trimHistories(this.#documents.values())) this.#forget(forgotten);
    return DONE;
  }

  #forget(document: DeclaredDocument): void {
    this.#documents.delete(document.key);
    const rows = [...document.takeRows(), ...document.goneRows()];
    for (const { part } of rows) this.#goneRows.push({ pipeline: document.rowKey, part, body: undefined });
  }

  /** The stages as they would be with this document in the place of its namesake, or what is wrong with it. */
  #compileWith(
    place: DocumentPlace,
    document: StagesDocument | undefined,
  ): StageSet | readonly DocumentFault[] {
    const { kind } = place;
    const key = documentKey(place);
    const others = <T extends StagesDocument>(all: readonly T[]) => all.filter((one) => keyOf(one) !== key);
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
      // one that could not be made before is no reason to refuse others
      if (!pipeline && same?.fault !== undefined) {
        compiled.push(same);
        continue;
      }
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
      const after = next.pipelines.find(({ key }) => key === before.key);
      if (after === before) continue;
      this.#goneRows.push(...this.#goneOf(before.key));
      for (const stage of before.stages) {
        const same = after?.stages.find(({ name, type }) => name === stage.name && type === stage.type);
        if (same) Object.assign(same.figures, stage.figures);
        const old = asAggregate(stage);
        const fresh = same && asAggregate(same);
        if (old && fresh && fresh.signature === old.signature) fresh.state = old.state;
        else if (old)
          for (const row of old.state.goneRows())
            this.#goneRows.push({ pipeline: this.#rowKey(before.key), ...row });
      }
    }
    this.#set = next;
    this.generation++;
  }

  #goneOf(key: string): StageRow[] {
    const rows = this.#brokenRows.get(key) ?? [];
    this.#brokenRows.delete(key);
    return rows.map((row) => ({ ...row, body: undefined }));
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
