import type { Meter } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';
import { asAggregate, type CompiledPipeline } from './compiled-pipeline.ts';
import type { StageBook } from './stage-book.ts';
import { noFigures, type StageFigures } from './stage-run.ts';

/** Whose a stage is; an absent tenant or project is the empty text. No two pipelines have the first three alike. */
interface StageLabels extends Readonly<Record<string, string>> {
  readonly tenant: string;
  readonly project: string;
  readonly pipeline: string;
  readonly stage: string;
}

/**
 * The metrics of declared stages: what each did since the process began. Labels name things of tenants, so these samples
 * are for those who see the whole node. A name that was shown once is shown until the process ends; names of one tenant
 * beyond `tenantStageNamesMax` are counted together.
 */
export class StageMeters {
  readonly #meter: Meter;
  readonly #book: StageBook;
  /** What was shown already of the stages in force, by pipeline and stage. */
  #seen: ReadonlyMap<string, StageFigures> = new Map();
  /** Pipelines and stages that have labels of their own, by tenant. */
  readonly #names = new Map<string, Set<string>>();

  constructor(meter: Meter, book: StageBook) {
    this.#meter = meter;
    this.#book = book;
  }

  /** Shows the figures of now. */
  look(): void {
    const { pipelines, tables, set } = this.#book;
    const count = pipelines.length + tables.length;
    if (count === 0 && this.#seen.size === 0) return;
    this.#meter.gauge('iot_pipeline_documents', 'Declared pipelines and lookup tables in force.').set(count);
    this.#meter
      .gauge('iot_pipeline_documents_broken', 'Pipelines in force that this version cannot make.')
      .set(set.pipelines.filter(({ fault }) => fault !== undefined).length);
    const groups = new Map<string, { labels: StageLabels; size: number }>();
    const shown = new Map<string, StageFigures>();
    for (const pipeline of set.pipelines)
      for (const stage of pipeline.stages) {
        const labels = this.#labelsOf(pipeline, stage.name);
        const key = `${pipeline.key}/${stage.name}`;
        this.#counted(labels, this.#seen.get(key) ?? noFigures(), stage.figures);
        shown.set(key, { ...stage.figures });
        const state = asAggregate(stage)?.state;
        if (!state) continue;
        const same = JSON.stringify(labels);
        groups.set(same, { labels, size: state.size + (groups.get(same)?.size ?? 0) });
      }
    this.#seen = shown;
    for (const { labels, size } of groups.values())
      this.#meter.gauge('iot_pipeline_stage_groups', 'Groups of an Aggregate.', labels).set(size);
  }

  #labelsOf({ name, key, document }: CompiledPipeline, stage: string): StageLabels {
    const { tenant = '', project = '' } = document.spec.match;
    const names = this.#names.get(tenant) ?? new Set<string>();
    this.#names.set(tenant, names);
    const own = `${key}/${stage}`;
    if (!names.has(own) && names.size >= LIMITS.tenantStageNamesMax.value)
      return { tenant, project: '', pipeline: OTHERS, stage: OTHERS };
    names.add(own);
    return { tenant, project, pipeline: name, stage };
  }

  #counted(labels: StageLabels, seen: StageFigures, figures: StageFigures): void {
    for (const outcome of ['in', 'out', 'takenOut', 'late', 'deadLettered', 'results', 'cost'] as const) {
      // a stage that was taken away and came again begins at 0
      const before = seen[outcome] > figures[outcome] ? 0 : seen[outcome];
      this.#meter
        .counter(METRICS[outcome].name, METRICS[outcome].help, labels)
        .add(figures[outcome] - before);
    }
  }
}

/** Takes the place of names beyond the limit; no document can have it for a name. */
const OTHERS = '(others)';

const METRICS: Readonly<Record<keyof StageFigures, { readonly name: string; readonly help: string }>> = {
  in: { name: 'iot_pipeline_stage_in_total', help: 'Messages that came to a stage.' },
  out: { name: 'iot_pipeline_stage_out_total', help: 'Messages that a stage let go on.' },
  takenOut: { name: 'iot_pipeline_stage_taken_out_total', help: 'Messages that a stage took out.' },
  late: {
    name: 'iot_pipeline_stage_late_total',
    help: 'Messages too late for every open window of a stage.',
  },
  deadLettered: { name: 'iot_pipeline_stage_dead_letters_total', help: 'Records that a stage set aside.' },
  results: { name: 'iot_pipeline_stage_results_total', help: 'Results of the windows of a stage.' },
  cost: {
    name: 'iot_pipeline_stage_cost_total',
    help: 'Units that the expressions of a stage cost at most.',
  },
};
