import { covers, type DocumentFault, type PipelineMatch, type StagesDocument } from '@skerry/model';
import { PipelineError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { PipelineNeeds } from '../pipeline.ts';
import type { Route } from '../routes.ts';
import { asAggregate, brokenPipeline, compilePipeline, takesTopic } from './compiled-pipeline.ts';
import type { DeclaredDocument } from './declared-document.ts';
import { type DocumentScope, keyOf, placeOf } from './document-key.ts';
import { runShadow, type ShadowRange, type ShadowReport } from './shadow-run.ts';
import type { StageBook } from './stage-book.ts';
import type { ChangeOutcome, DocumentKind, DocumentVersion } from './stage-change.ts';
import type { StageFigures } from './stage-run.ts';
import { StageSet } from './stage-set.ts';
import { type TrialOutcome, type TrialRequest, tryStages } from './stage-trial.ts';

/** One stage in force, with what it did since the process began. */
export interface StageEntry extends StageFigures {
  readonly name: string;
  readonly type: string;
  /** Groups and open windows of an Aggregate. */
  readonly groups: number;
  readonly windows: number;
}

/** A declared document as lists show it. */
export interface DocumentEntry {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly match: PipelineMatch;
  readonly isInForce: boolean;
  readonly version: number;
  /** Offset of the record that made the version. */
  readonly offset: number;
  readonly changedMicros: number;
  readonly author: string;
  /** Empty for tables, and for what was removed. */
  readonly stages: readonly StageEntry[];
}

/** A declared document with its versions, the newest first. */
export interface DocumentDetail extends DocumentEntry {
  readonly document: StagesDocument | undefined;
  readonly versions: readonly DocumentVersion[];
}

/** What a desk works with. */
export interface StageDeskNeeds extends Pick<PipelineNeeds, 'journal' | 'clock' | 'breathe'> {
  readonly book: StageBook;
  readonly route: (topic: string) => Route;
}

/** Answers questions about declared pipelines, tries them and runs them beside the pipeline. */
export class StageDesk {
  readonly #needs: StageDeskNeeds;
  readonly #shadows = new Map<string, AbortController>();

  constructor(needs: StageDeskNeeds) {
    this.#needs = needs;
  }

  /** Every declared document, removed ones with a history included, by kind, scope and name. */
  list(): DocumentEntry[] {
    return this.#needs.book.documents.map((one) => this.#entry(one));
  }

  /** The document of this name and scope. Undefined when there never was one, or its history was forgotten. */
  get(kind: DocumentKind, name: string, scope: DocumentScope = {}): DocumentDetail | undefined {
    const found = this.#needs.book.find({ kind, name, scope });
    if (!found) return undefined;
    return {
      ...this.#entry(found),
      document: found.document,
      versions: [...found.versions].reverse(),
    };
  }

  /** What is wrong with putting a document in force now; `places`: the indexes of its stages when it was only read in part. */
  check(document: StagesDocument, places?: readonly number[]): readonly DocumentFault[] {
    return this.#needs.book.check(document, places);
  }

  /** Resolves when the record of a change was judged. */
  outcome(id: string): Promise<ChangeOutcome> {
    return this.#needs.book.outcome(id);
  }

  /** Tries samples. Fails with `stages-refused` where the document cannot be made or there are too many. */
  trial({ document, samples }: TrialRequest): TrialOutcome[] {
    if (samples.length > LIMITS.trialSamplesMax.value)
      throw new PipelineError(
        'stages-refused',
        `The trial has ${samples.length} samples; at most ${LIMITS.trialSamplesMax.value} are tried.`,
      );
    const { route, clock } = this.#needs;
    return tryStages(this.#setWith(document), samples, route, clock.nowMicros());
  }

  /** Runs a document in the place of its namesake over recorded records. Fails with `stages-refused`. */
  async shadow(id: string, document: StagesDocument, range: ShadowRange): Promise<ShadowReport> {
    if (this.#shadows.size >= LIMITS.shadowsMax.value)
      throw new PipelineError(
        'stages-refused',
        `${this.#shadows.size} shadow runs are under way; at most ${LIMITS.shadowsMax.value} are.`,
      );
    const candidate = this.#setWith(document);
    const stop = new AbortController();
    this.#shadows.set(id, stop);
    try {
      return await runShadow(this.#setWith(undefined), candidate, range, {
        ...this.#needs,
        isMeant: this.#meantBy(document),
        signal: stop.signal,
      });
    } finally {
      this.#shadows.delete(id);
    }
  }

  /** Ends a shadow run early: it tells what it has. */
  cancelShadow(id: string): void {
    this.#shadows.get(id)?.abort();
  }

  /** Ends all shadow runs. */
  close(): void {
    for (const stop of this.#shadows.values()) stop.abort();
  }

  /** Which records a document, or its namesake in force, is about. */
  #meantBy(document: StagesDocument): (tenant: string, project: string, topic: string) => boolean {
    const namesake = this.#needs.book.find(placeOf(document))?.document;
    const both = namesake ? [document, namesake] : [document];
    return (tenant, project, topic) =>
      both.some((one) =>
        one.kind === 'Pipeline'
          ? takesTopic(one, tenant, project, topic)
          : covers(one.spec.match, { tenant, project }),
      );
  }

  /** The stages in force with a document in the place of its namesake, made anew, so that their windows are empty. */
  #setWith(document: StagesDocument | undefined): StageSet {
    const { book } = this.#needs;
    const key = document && keyOf(document);
    const others = <T extends StagesDocument>(all: readonly T[]) => all.filter((one) => keyOf(one) !== key);
    const tables = others(book.tables);
    const pipelines = others(book.pipelines);
    if (document?.kind === 'LookupTable') tables.push(document);
    else if (document) pipelines.push(document);
    return new StageSet(
      pipelines.map((one) => {
        const { pipeline, faults } = compilePipeline(one, tables);
        if (pipeline) return pipeline;
        if (one !== document && book.isBroken(keyOf(one))) return brokenPipeline(one, faults);
        const words = faults.map(({ path, detail }) => `${path}: ${detail}`).join('; ');
        throw new PipelineError(
          'stages-refused',
          `The pipeline ${one.metadata.name} cannot be made: ${words}`,
        );
      }),
    );
  }

  #entry(one: DeclaredDocument): DocumentEntry {
    const newest = one.newest;
    const isInForce = newest?.document !== undefined;
    const shownVersion = isInForce ? newest : one.versions.findLast(({ document }) => document);
    const pipeline =
      one.kind === 'Pipeline' ? this.#needs.book.set.pipelines.find(({ key }) => key === one.key) : undefined;
    return {
      kind: one.kind,
      name: one.name,
      match: shownVersion?.document?.spec.match ?? one.scope,
      isInForce,
      version: newest?.version ?? 0,
      offset: newest?.offset ?? -1,
      changedMicros: newest?.changedMicros ?? 0,
      author: newest?.author ?? '',
      stages: (pipeline?.stages ?? []).map((stage) => {
        const state = asAggregate(stage)?.state;
        const { name, type, figures } = stage;
        return { name, type, ...figures, groups: state?.size ?? 0, windows: state?.windows ?? 0 };
      }),
    };
  }
}
