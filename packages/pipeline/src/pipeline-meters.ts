import type { Counter, Gauge, Histogram, Meter } from '@skerry/kernel';
import type { LedgerReport } from '@skerry/model';
import { VERDICTS } from './catalogue.ts';
import type { ProcessorCounts } from './processor-needs.ts';

/** The pipeline's metrics. */
export class PipelineMeters {
  readonly #meter: Meter;
  readonly delay: Histogram;
  readonly stalls: Counter;
  readonly seals: Counter;
  readonly liveGaps: Counter;
  readonly #ingested: Counter;
  readonly #points: Counter;
  readonly #counts: Readonly<Record<'timeCorrected' | 'seqResets' | 'replaysRefused' | 'repeated', Counter>>;
  readonly #seen: ProcessorCounts = {
    records: 0,
    points: 0,
    timeCorrected: 0,
    seqResets: 0,
    replaysRefused: 0,
    repeated: 0,
  };
  readonly #imbalance: Gauge;

  constructor(meter: Meter) {
    this.#meter = meter;
    this.delay = meter.histogram(
      'iot_processing_latency_seconds',
      'Time from the receipt of a record until its points are visible.',
      [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600],
    );
    this.#ingested = meter.counter(
      'iot_data_ingestion_total',
      'Telemetry records that were given a verdict.',
    );
    this.#points = meter.counter('iot_pipeline_points_total', 'Points that became visible.');
    this.stalls = meter.counter('iot_pipeline_stalls_total', 'Times the pipeline waited for a free head.');
    this.seals = meter.counter('iot_pipeline_seals_total', 'Seals that became durable.');
    this.liveGaps = meter.counter('iot_pipeline_live_gaps_total', 'Gaps that live feeds were told of.');
    this.#counts = {
      timeCorrected: meter.counter(
        'iot_pipeline_time_corrected_total',
        'Records whose event time was replaced by the time of receipt.',
      ),
      seqResets: meter.counter('iot_pipeline_seq_resets_total', "Restarts of a device's own numbering."),
      replaysRefused: meter.counter(
        'iot_pipeline_replays_refused_total',
        'Replays of dead letters that could not be taken this time either.',
      ),
      repeated: meter.counter(
        'iot_pipeline_repeated_total',
        'Records that a gateway has sent again; they count as deduplicated.',
      ),
    };
    this.#imbalance = meter.gauge(
      'iot_ledger_imbalance',
      'Findings of the last check of the ledger; 0 when it balances.',
    );
  }

  /** Adds what was counted since the last call. */
  counted(counts: Readonly<ProcessorCounts>): void {
    const seen = this.#seen;
    this.#ingested.add(counts.records - seen.records);
    this.#points.add(counts.points - seen.points);
    for (const name of ['timeCorrected', 'seqResets', 'replaysRefused', 'repeated'] as const)
      this.#counts[name].add(counts[name] - seen[name]);
    Object.assign(seen, counts);
  }

  /** Shows the ledger. */
  ledger(report: LedgerReport): void {
    this.#imbalance.set(report.imbalances.length);
    for (const account of ['received', ...VERDICTS, 'pending'] as const)
      this.#meter
        .gauge('iot_ledger_records', 'Records by account of the ledger.', { account })
        .set(report.totals[account]);
  }

  /** Shows how many devices there are and how many were heard of lately. */
  devices(total: number, fresh: number): void {
    this.#meter.gauge('iot_device_count', 'Devices known.').set(total);
    const status = (name: string) =>
      this.#meter.gauge('iot_device_status', 'Devices by freshness.', { status: name });
    status('fresh').set(fresh);
    status('stale').set(total - fresh);
  }

  /** Sets a gauge of the pipeline: `iot_pipeline_<name>`. */
  gauge(
    name:
      | 'head_points'
      | 'series'
      | 'sparkplug_metrics'
      | 'sparkplug_nodes'
      | 'hot_bytes'
      | 'subscriptions'
      | 'dedupe_entries'
      | 'dead_letters_open'
      | 'gaps_forgotten',
    help: string,
    value: number,
  ): void {
    this.#meter.gauge(`iot_pipeline_${name}`, help).set(value);
  }
}
