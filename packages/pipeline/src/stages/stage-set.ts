import type { DecodeDocument } from '@skerry/model';
import { type CompiledPipeline, takesTopic } from './compiled-pipeline.ts';
import type { CompiledStage } from './stage-run.ts';

/** One stage of a plan. */
export interface PlanStep {
  readonly pipeline: string;
  readonly stage: CompiledStage;
}

/** The stages that the records of some topics go through, in order: those of one pipeline after those of another. */
export interface StagePlan {
  readonly steps: readonly PlanStep[];
  /** How payloads are read: of each choice the first that is not `auto`. */
  readonly decode: DecodeDocument;
  /** Whether metrics stay what they were: then their units do, too. */
  readonly keepsUnits: boolean;
}

/** Pipelines that are in force together, by name, of one name those for more first. */
export class StageSet {
  readonly pipelines: readonly CompiledPipeline[];
  readonly #plans = new Map<string, StagePlan>();

  constructor(pipelines: readonly CompiledPipeline[]) {
    const byKey = [...pipelines].sort((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)));
    this.pipelines = byKey.sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)));
  }

  /** The plan of a topic; undefined when no pipeline takes it. */
  plan(tenant: string, project: string, topic: string): StagePlan | undefined {
    const taking = this.pipelines.filter(({ document }) => takesTopic(document, tenant, project, topic));
    if (taking.length === 0) return undefined;
    const key = taking.map((one) => one.key).join(' ');
    let plan = this.#plans.get(key);
    if (!plan) {
      plan = {
        steps: taking.flatMap(({ name, stages }) => stages.map((stage) => ({ pipeline: name, stage }))),
        keepsUnits: taking.every(({ stages }) =>
          stages.every(({ type }) => type === 'Filter' || type === 'Enrich'),
        ),
        decode: decodeOf(taking.map(({ document }) => document.spec.decode)),
      };
      this.#plans.set(key, plan);
    }
    return plan;
  }
}

function decodeOf(all: readonly DecodeDocument[]): DecodeDocument {
  const { contentType, layout } = all.find((one) => one.contentType !== 'auto') ?? { contentType: 'auto' };
  const encoding = all.find(({ contentEncoding = 'auto' }) => contentEncoding !== 'auto')?.contentEncoding;
  return {
    contentType,
    ...(layout === undefined ? {} : { layout }),
    ...(encoding === undefined ? {} : { contentEncoding: encoding }),
  };
}
