import type { Meter } from '@skerry/kernel';
import { asAggregate } from './compiled-pipeline.ts';
import type { StageBook } from './stage-book.ts';
import { noFigures, type StageFigures } from './stage-run.ts';

/** The metrics of declared stages: what each did since the process began. */
export class StageMeters {
  readonly #meter: Meter;
  readonly #book: StageBook;
  /** What was shown already, by pipeline and stage. */
  readonly #seen = new Map<string, StageFigures>();

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
    const groups = new Map<string, { labels: { pipeline: string; stage: string }; size: number }>();
    for (const { name, key, stages } of set.pipelines)
      for (const stage of stages) {
        this.#counted(key, name, stage.name, stage.figures);
        const state = asAggregate(stage)?.state;
        if (!state) continue;
        const labels = { pipeline: name, stage: stage.name };
        const same = `${name}/${stage.name}`;
        groups.set(same, { labels, size: state.size + (groups.get(same)?.size ?? 0) });
      }
    for (const { labels, size } of groups.values())
      this.#meter.gauge('iot_pipeline_stage_groups', 'Groups of an Aggregate.', labels).set(size);
  }

  #counted(of: string, pipeline: string, stage: string, figures: StageFigures): void {
    const key = `${of}/${stage}`;
    const seen = this.#seen.get(key) ?? noFigures();
    this.#seen.set(key, { ...figures });
    for (const outcome of ['in', 'out', 'takenOut', 'late', 'deadLettered', 'results', 'cost'] as const) {
      // a stage that was taken away and came again begins at 0
      const before = seen[outcome] > figures[outcome] ? 0 : seen[outcome];
      this.#meter
        .counter(METRICS[outcome].name, METRICS[outcome].help, { pipeline, stage })
        .add(figures[outcome] - before);
    }
  }
}

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
