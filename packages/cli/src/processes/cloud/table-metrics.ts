import type { Clock, MetricFamily } from '@skerry/kernel';
import type { LedgerReport } from '@skerry/model';
import { type DeviceCensus, DeviceCounter, LIMITS } from '@skerry/pipeline';
import type { PostgresReadings } from '@skerry/series/postgres';

/** What the tables are counted with. */
export interface TableMetricsNeeds {
  readonly readings: PostgresReadings;
  readonly clock: Pick<Clock, 'nowMicros' | 'monotonicMs'>;
  readonly perDeviceStatus?: boolean;
}

const STALE_MICROS = 300_000_000;
const CENSUS_MS = 10_000;

/** The metrics of what all writers have stored: sizes, devices by tenant and phase, the ledger, positions of sources. */
export class TableMetrics {
  readonly #needs: TableMetricsNeeds;
  readonly #counter: DeviceCounter;
  #census: { readonly atMs: number; readonly census: Promise<DeviceCensus> } | undefined;

  constructor(needs: TableMetricsNeeds) {
    this.#needs = needs;
    this.#counter = new DeviceCounter(needs.perDeviceStatus ?? false);
  }

  /** As of now; devices are counted every ten seconds at most. Fails as the readings do. */
  async families(ledger: LedgerReport): Promise<MetricFamily[]> {
    const { readings, clock } = this.#needs;
    const nowMs = clock.monotonicMs();
    if (!this.#census || nowMs - this.#census.atMs >= CENSUS_MS)
      this.#census = { atMs: nowMs, census: this.#count(ledger) };
    const { sources, devices, series, bytes, deadLettersOpen } = await readings.figures();
    const { counts, statuses } = await this.#census.census;
    return [
      gauge('iot_pipeline_devices', 'Devices known.', [{ labels: {}, value: devices }]),
      gauge('iot_pipeline_series', 'Series known.', [{ labels: {}, value: series }]),
      gauge('iot_pipeline_dead_letters_open', 'Open dead letters.', [{ labels: {}, value: deadLettersOpen }]),
      gauge('iot_store_bytes', 'Bytes of all tables of the store.', [{ labels: {}, value: bytes }]),
      gauge(
        'iot_device_count',
        'Devices known, by tenant, model and phase.',
        counts.map(({ tenant, phase, count }) => ({ labels: { tenant, model: '', phase }, value: count })),
      ),
      gauge(
        'iot_device_status',
        'Devices by freshness, or whether each is fresh (metrics.perDevice).',
        statuses,
      ),
      gauge('iot_ledger_imbalance', 'Findings of the last check of the ledger; 0 when it balances.', [
        { labels: {}, value: ledger.imbalances.length },
      ]),
      gauge(
        'iot_ledger_records',
        'Records by account of the ledger.',
        Object.entries(ledger.totals).map(([account, value]) => ({ labels: { account }, value })),
      ),
      gauge(
        'iot_source_position',
        'Offset behind the last record of a partition that is committed.',
        sources.map(({ label, position }) => ({ labels: { source: label }, value: position })),
      ),
    ];
  }

  /** Two counts for each tenant of the ledger; the devices themselves only where each is told of. */
  async #count({ projects }: LedgerReport): Promise<DeviceCensus> {
    const { readings, clock, perDeviceStatus = false } = this.#needs;
    const seenFromMicros = clock.nowMicros() - STALE_MICROS;
    const counter = this.#counter;
    counter.begin();
    for (const tenant of new Set(projects.map((one) => one.tenant))) {
      const { total } = await readings.devices({ tenant, limit: 1 });
      const fresh = (await readings.devices({ tenant, seenFromMicros, limit: 1 })).total;
      counter.add(tenant, 'fresh', fresh);
      counter.add(tenant, 'stale', Math.max(0, total - fresh));
    }
    if (!perDeviceStatus) return counter.census;
    const { entries } = await readings.devices({ limit: LIMITS.censusDevicesMax.value });
    for (const one of entries) counter.status(one, one.lastSeenMicros >= seenFromMicros ? 'fresh' : 'stale');
    return counter.census;
  }
}

function gauge(name: string, help: string, samples: MetricFamily['samples']): MetricFamily {
  return { name, help, kind: 'gauge', samples };
}
