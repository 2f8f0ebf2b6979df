import {
  covers,
  type DocumentFault,
  type LookupTableDocument,
  type PipelineDocument,
  type StageDocument,
} from '@skerry/model';
import { LIMITS } from '../limits.ts';
import { type CompiledAggregate, compileAggregate } from './aggregate-stage.ts';
import { keyOf } from './document-key.ts';
import { compileEnrich, type TableSource } from './enrich-stage.ts';
import { compileFilter } from './filter-stage.ts';
import { readLookupTable } from './lookup-table.ts';
import { StageFault } from './stage-message.ts';
import { type CompiledStage, noFigures } from './stage-run.ts';
import { filterTakes } from './topic-filter.ts';
import { compileTransform } from './transform-stage.ts';

/** A declared pipeline ready to work. */
export interface CompiledPipeline {
  readonly name: string;
  /** Key of its document. */
  readonly key: string;
  readonly document: PipelineDocument;
  readonly stages: readonly CompiledStage[];
  /** Why it could not be made, where it could not. */
  readonly fault?: string;
}

/** A pipeline, or why it cannot be made: everything at once. */
export type Compilation =
  | { readonly pipeline: CompiledPipeline; readonly faults: readonly [] }
  | { readonly pipeline: undefined; readonly faults: readonly DocumentFault[] };

/** Checks limits, expressions and tables of a document and makes its stages; `places`: their indexes as they were written. */
export function compilePipeline(
  document: PipelineDocument,
  tables: readonly LookupTableDocument[],
  places?: readonly number[],
): Compilation {
  const faults: DocumentFault[] = [];
  const { match, stages: declared } = document.spec;
  if (declared.length === 0)
    faults.push({ path: 'spec.stages', detail: 'found no stage, wanted one at least' });
  if (declared.length > LIMITS.stagesMax.value)
    faults.push({
      path: 'spec.stages',
      detail: `found ${declared.length} stages, wanted at most ${LIMITS.stagesMax.value}`,
    });
  // of two of one name the one that fewer may use, as it was declared for them
  const usable = tables
    .filter((table) => covers(table.spec.match, match))
    .sort((a, b) => narrowness(b) - narrowness(a));
  const source: TableSource = {
    names: [...new Set(usable.map(({ metadata }) => metadata.name))],
    csv: (name) => usable.find(({ metadata }) => metadata.name === name)?.spec.csv,
  };
  const stages = declared.flatMap(
    (stage, i) => compileStage(stage, `spec.stages[${places?.[i] ?? i}]`, source, faults) ?? [],
  );
  if (faults.length > 0) return { pipeline: undefined, faults };
  return { pipeline: { name: document.metadata.name, key: keyOf(document), document, stages }, faults: [] };
}

function narrowness({ spec: { match } }: LookupTableDocument): number {
  return Number(match.tenant !== undefined) + Number(match.project !== undefined);
}

/**
 * What stands in the place of a pipeline in force that this build cannot make: every record that it takes is set aside,
 * so that it can be replayed when the document was mended.
 */
export function brokenPipeline(
  document: PipelineDocument,
  faults: readonly DocumentFault[],
): CompiledPipeline {
  const words = faults.map(({ path, detail }) => `${path}: ${detail}`).join('; ');
  const name = document.spec.stages[0]?.name ?? 'document';
  const detail = `The pipeline ${document.metadata.name} is in force and cannot be made by this version: ${words}`;
  const run = (): never => {
    throw new StageFault(detail);
  };
  return {
    name: document.metadata.name,
    key: keyOf(document),
    document,
    stages: [{ name, type: 'Filter', figures: noFigures(), run }],
    fault: detail,
  };
}

/** Why a lookup table cannot be used; empty when it can. */
export function tableFaults({ spec }: LookupTableDocument): DocumentFault[] {
  const faults: DocumentFault[] = [];
  readLookupTable(spec.csv, undefined, 'spec.csv', faults);
  return faults;
}

function compileStage(
  stage: StageDocument,
  path: string,
  tables: TableSource,
  faults: DocumentFault[],
): CompiledStage | undefined {
  if (stage.type === 'Filter') return compileFilter(stage, path, faults);
  if (stage.type === 'Transform') return compileTransform(stage, path, faults);
  if (stage.type === 'Enrich') return compileEnrich(stage, path, tables, faults);
  return compileAggregate(stage, path, faults);
}

/** The stage as an Aggregate, or undefined. */
export function asAggregate(stage: CompiledStage): CompiledAggregate | undefined {
  // every stage of this type is made by `compileAggregate`
  return stage.type === 'Aggregate' ? (stage as CompiledAggregate) : undefined;
}

/** Whether a pipeline takes the records of a topic. */
export function takesTopic(
  { spec: { match } }: PipelineDocument,
  tenant: string,
  project: string,
  topic: string,
): boolean {
  if (!covers({ ...match }, { tenant, project })) return false;
  return match.topics === undefined || match.topics.some((filter) => filterTakes(filter, topic));
}
