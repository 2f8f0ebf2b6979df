import type { Counter, Gauge, Histogram, Meter } from '@skerry/kernel';
import type { LedgerReport } from '@skerry/model';
import { VERDICTS } from './catalogue.ts';
import { REASONS } from './dead-letter-book.ts';
import type { DeviceCensus } from './device-census.ts';
import type { ProcessorCounts } from './processor-needs.ts';

/** Upper bounds of the latency's buckets, s. */
const LATENCY_SECONDS = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600,
] as const;

// what is beyond loses precision and nothing else: it counts with the time of the last group of its seal
const GROUPS_MAX = 4_096;

const DEVICE_STATUS_HELP =
  'Devices by freshness; with metrics.perDevice one for each device instead: 1 while it is fresh, else 0.';

/** Where a record's points become visible: in the head as soon as they are decoded, or with their transaction. */
export type VisibleAt = 'decode' | 'commit';

/** The pipeline's metrics. */
export class PipelineMeters {
  readonly #meter: Meter;
  readonly #latency: Readonly<Record<VisibleAt, readonly Histogram[]>>;
  /** Receipt and count of records that are decoded and in no seal, pair by pair; likewise of those being sealed. */
  #open: number[] = [];
  #sealing: number[] = [];
  #lastMicros = 0;
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
    deadLettered: {},
  };
  readonly #imbalance: Gauge;

  constructor(meter: Meter, visibleAt: VisibleAt) {
    this.#meter = meter;
    const latency = (stage: string) =>
      meter.histogram(
        'iot_processing_latency_seconds',
        'Time from the receipt of a record to the end of a stage; end_to_end: until its points are visible.',
        LATENCY_SECONDS,
        { stage },
      );
    const whole = latency('end_to_end');
    const stage = { decode: latency('decode'), commit: latency('commit') };
    this.#latency = {
      decode: visibleAt === 'decode' ? [stage.decode, whole] : [stage.decode],
      commit: visibleAt === 'commit' ? [stage.commit, whole] : [stage.commit],
    };
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

  /** Records were given their verdicts; `delaySecs` after the receipt of the last of them. */
  decoded(receivedMicros: number, delaySecs: number, count: number): void {
    this.#lastMicros = receivedMicros;
    for (const one of this.#latency.decode) one.observe(delaySecs, count);
    const open = this.#open;
    if (open.length < 2 * GROUPS_MAX) open.push(receivedMicros, count);
    else open[open.length - 1] = Number(open.at(-1)) + count;
  }

  /** What was decoded so far goes into a seal. */
  sealing(): void {
    [this.#sealing, this.#open] = [this.#open, []];
  }

  /** The seal is durable. */
  sealed(nowMicros: number): void {
    this.seals.add(1);
    const groups = this.#sealing;
    for (let i = 0; i < groups.length; i += 2) {
      const secs = Math.max(0, (nowMicros - Number(groups[i])) / 1e6);
      for (const one of this.#latency.commit) one.observe(secs, Number(groups[i + 1]));
    }
    this.#sealing = [];
  }

  /** Adds what was counted since the last call. */
  counted(counts: Readonly<ProcessorCounts>): void {
    const seen = this.#seen;
    this.#ingested.add(counts.records - seen.records);
    this.#points.add(counts.points - seen.points);
    for (const name of ['timeCorrected', 'seqResets', 'replaysRefused', 'repeated'] as const)
      this.#counts[name].add(counts[name] - seen[name]);
    // those without any are told too: a rate is only seen from the second sample on
    for (const reason of REASONS)
      this.#meter
        .counter('iot_pipeline_dead_letters_total', 'Records that were set aside, by reason.', { reason })
        .add((counts.deadLettered[reason] ?? 0) - (seen.deadLettered[reason] ?? 0));
    Object.assign(seen, counts, { deadLettered: { ...counts.deadLettered } });
  }

  /** Shows the ledger. */
  ledger(report: LedgerReport): void {
    this.#imbalance.set(report.imbalances.length);
    for (const account of ['received', ...VERDICTS, 'pending'] as const)
      this.#meter
        .gauge('iot_ledger_records', 'Records by account of the ledger.', { account })
        .set(report.totals[account]);
  }

  /** Shows how many records wait, and the time since the receipt of the newest one that does not, while some do. */
  backlog(records: number, nowMicros: number): void {
    const isWaiting = records > 0 && this.#lastMicros > 0;
    const seconds = isWaiting ? Math.max(0, (nowMicros - this.#lastMicros) / 1e6) : 0;
    this.gauge('backlog_records', 'Durable telemetry records that have no verdict yet.', records);
    this.gauge(
      'backlog_seconds',
      'Time since the receipt of the newest record with a verdict, while others wait; else 0.',
      seconds,
    );
  }

  /** Shows how many devices there are and how many were heard of lately. */
  devices(census: DeviceCensus): void {
    for (const { tenant, model, phase, count } of census.counts)
      this.#meter
        .gauge('iot_device_count', 'Devices known, by tenant, model and phase.', { tenant, model, phase })
        .set(count);
    for (const { labels, value } of census.statuses)
      this.#meter.gauge('iot_device_status', DEVICE_STATUS_HELP, labels).set(value);
  }

  /** Sets a gauge of the pipeline: `iot_pipeline_<name>`. */
  gauge(
    name:
      | 'head_points'
      | 'series'
      | 'devices'
      | 'sparkplug_metrics'
      | 'sparkplug_nodes'
      | 'hot_bytes'
      | 'subscriptions'
      | 'dedupe_entries'
      | 'dead_letters_open'
      | 'gaps_forgotten'
      | 'backlog_records'
      | 'backlog_seconds',
    help: string,
    value: number,
  ): void {
    this.#meter.gauge(`iot_pipeline_${name}`, help).set(value);
  }
}
