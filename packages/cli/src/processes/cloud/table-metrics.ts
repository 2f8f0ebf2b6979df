import type { PartitionEntry, SinkEntry, SitePlatform } from '@skerry/api';
import type { Clock, MetricFamily } from '@skerry/kernel';
import type { LedgerReport } from '@skerry/model';
import { type DeviceCensus, DeviceCounter, LIMITS } from '@skerry/pipeline';
import type { PostgresReadings } from '@skerry/series/postgres';
import { OFFSET_TRIMMED } from './site-entries.ts';

/** What the tables are counted with. */
export interface TableMetricsNeeds {
  readonly readings: Pick<PostgresReadings, 'figures' | 'census' | 'devices'>;
  readonly ledger: { report(): Promise<Pick<LedgerReport, 'imbalances' | 'totals'>> };
  /** Knows what waits in Kafka and for sinks, whether or not a writer is there to tell of it. */
  readonly site: Pick<SitePlatform, 'partitions' | 'sinks' | 'roles'>;
  readonly stageTotals: { families(): readonly MetricFamily[] };
  readonly clock: Pick<Clock, 'nowMicros' | 'monotonicMs'>;
  readonly perDeviceStatus?: boolean;
}

const STALE_MICROS = 300_000_000;
const CENSUS_MS = 10_000;

/** The metrics of what all writers have stored and have to store: sizes, devices by tenant and phase, the ledger, positions and lags. */
export class TableMetrics {
  readonly #needs: TableMetricsNeeds;
  readonly #counter: DeviceCounter;
  #census: { readonly atMs: number; readonly made: Promise<DeviceCensus> } | undefined;

  constructor(needs: TableMetricsNeeds) {
    this.#needs = needs;
    this.#counter = new DeviceCounter(needs.perDeviceStatus ?? false);
  }

  /** As of now; devices are counted every ten seconds at most. Fails as the readings do. */
  async families(): Promise<MetricFamily[]> {
    const { readings, ledger, site, stageTotals, clock } = this.#needs;
    const [{ imbalances, totals }, figures, { counts, statuses }, { items: partitions }, sinks] =
      await Promise.all([
        ledger.report(),
        readings.figures(),
        this.#counted(),
        site.partitions(),
        this.#sinks(),
      ]);
    const { sources, devices, series, bytes, deadLettersOpen } = figures;
    return [
      gauge('iot_pipeline_devices', 'Devices known.', [{ labels: {}, value: devices }]),
      gauge('iot_pipeline_series', 'Series known.', [{ labels: {}, value: series }]),
      gauge('iot_pipeline_dead_letters_open', 'Open dead letters.', [{ labels: {}, value: deadLettersOpen }]),
      gauge('iot_store_bytes', 'Bytes of all tables of the store.', [{ labels: {}, value: bytes }]),
      gauge(
        'iot_device_count',
        'Devices known, by tenant, model and phase.',
        counts.map(({ tenant, model, phase, count }) => ({ labels: { tenant, model, phase }, value: count })),
      ),
      gauge(
        'iot_device_status',
        'Devices by freshness, or whether each is fresh (metrics.perDevice).',
        statuses,
      ),
      gauge('iot_ledger_imbalance', 'Findings of the last check of the ledger; 0 when it balances.', [
        { labels: {}, value: imbalances.length },
      ]),
      gauge(
        'iot_ledger_records',
        'Records by account of the ledger.',
        Object.entries(totals).map(([account, value]) => ({ labels: { account }, value })),
      ),
      gauge(
        'iot_source_position',
        'Offset behind the last record of a partition that is committed.',
        sources.map(({ label, position }) => ({ labels: { source: label }, value: position })),
      ),
      ...lagFamilies(partitions, clock.nowMicros()),
      ...sinkFamilies(sinks, clock.nowMicros()),
      ...stageTotals.families(),
    ];
  }

  /** Further stores of points, but those that no writer feeds any more while writers live: they are configured no longer. */
  async #sinks(): Promise<SinkEntry[]> {
    const { site } = this.#needs;
    const [sinks, { items: roles }] = await Promise.all([site.sinks(), site.roles()]);
    const isWritten = roles.some(
      ({ role, state, partitions }) =>
        role === 'writer' && (state === 'ready' || state === 'degraded') && partitions.length > 0,
    );
    return sinks.filter(({ isPrimary, state }) => !isPrimary && (state !== 'unknown' || !isWritten));
  }

  /** A count that fails answers nobody later. */
  #counted(): Promise<DeviceCensus> {
    const atMs = this.#needs.clock.monotonicMs();
    if (this.#census && atMs - this.#census.atMs < CENSUS_MS) return this.#census.made;
    const made = this.#count();
    this.#census = { atMs, made };
    made.catch(() => {
      if (this.#census?.made === made) this.#census = undefined;
    });
    return made;
  }

  /** The devices themselves only where each is told of. */
  async #count(): Promise<DeviceCensus> {
    const { readings, clock, perDeviceStatus = false } = this.#needs;
    const seenFromMicros = clock.nowMicros() - STALE_MICROS;
    const [tenants, { entries }] = await Promise.all([
      readings.census(seenFromMicros),
      perDeviceStatus ? readings.devices({ limit: LIMITS.censusDevicesMax.value }) : { entries: [] },
    ]);
    const counter = this.#counter;
    counter.begin();
    for (const { tenant, model, devices, fresh } of tenants) {
      counter.add(tenant, model, 'fresh', fresh);
      counter.add(tenant, model, 'stale', devices - fresh);
    }
    for (const one of entries) counter.status(one, one.lastSeenMicros >= seenFromMicros ? 'fresh' : 'stale');
    return counter.census;
  }
}

/** What waits in each partition, as far as it is known. Records that retention has removed unread have no time left. */
function lagFamilies(partitions: readonly PartitionEntry[], nowMicros: number): MetricFamily[] {
  const of = (value: (one: PartitionEntry) => number | undefined): MetricFamily['samples'] =>
    partitions.flatMap((one) => {
      const found = value(one);
      const labels = { topic: one.topic, partition: String(one.partition) };
      return found === undefined ? [] : [{ labels, value: found }];
    });
  return [
    gauge(
      'iot_site_lag_records',
      'Records of a partition that are not stored, whoever writes it.',
      of(({ lagRecords }) => lagRecords),
    ),
    gauge(
      'iot_site_lag_seconds',
      'Age of the oldest record of a partition that is not stored, whoever writes it.',
      of(({ lagSeconds }) => lagSeconds),
    ),
    gauge(
      'iot_site_retention_left_seconds',
      'Time until retention removes the oldest record of a partition that is not stored; 0 when it has removed some.',
      of(({ retentionAtMicros, reasons }) => {
        if (reasons.some(({ code }) => code === OFFSET_TRIMMED)) return 0;
        return retentionAtMicros && Math.max(0, (retentionAtMicros - nowMicros) / 1e6);
      }),
    ),
  ];
}

/** What further stores of points lack, and how long retention still keeps it for them. */
function sinkFamilies(sinks: readonly SinkEntry[], nowMicros: number): MetricFamily[] {
  return [
    gauge(
      'iot_site_sink_lag_seconds',
      'Age of the oldest committed seal that a sink does not have; 0 when it has all.',
      sinks.map(({ name, lagSeconds }) => ({ labels: { sink: name }, value: lagSeconds })),
    ),
    gauge(
      'iot_site_sink_retention_left_seconds',
      'Time until retention removes the oldest committed seal that a sink does not have; 0 when it has removed some.',
      sinks.flatMap(({ name, retentionAtMicros }) =>
        retentionAtMicros === undefined
          ? []
          : [{ labels: { sink: name }, value: Math.max(0, (retentionAtMicros - nowMicros) / 1e6) }],
      ),
    ),
  ];
}

function gauge(name: string, help: string, samples: MetricFamily['samples']): MetricFamily {
  return { name, help, kind: 'gauge', samples };
}
