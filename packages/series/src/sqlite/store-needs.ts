import type { Clock, Counter, Disk, FailpointHook, Gauge, Histogram, Logger, Meter } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';
import type { Breathe } from '../turn.ts';

/** Where a store lies and for how long it keeps what. */
export interface SqliteStoreOptions {
  /** Folder of all classes; made where missing. */
  readonly folder: string;
  /** Name of the retention class, and of its folder below. */
  readonly retentionClass: string;
  readonly rawDays?: number;
  readonly rollupDays?: number;
  /** Size at which a file refuses more, as a full disk would. */
  readonly fileBytesMax?: number;
}

/** What a store needs from its process. `breathe` lets other work of the thread have its turn. */
export interface SqliteStoreNeeds {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly failpoint: FailpointHook;
  readonly breathe: Breathe;
}

/** The options with what was left out. */
export function withDefaults(options: SqliteStoreOptions): Required<SqliteStoreOptions> {
  return {
    rawDays: LIMITS.rawDays.value,
    rollupDays: LIMITS.rollupDays.value,
    fileBytesMax: LIMITS.fileBytesMax.value,
    ...options,
  };
}

/** The store's metrics. */
export interface StoreMetrics {
  readonly seals: Counter;
  readonly points: Counter;
  readonly sealSeconds: Histogram;
  readonly querySeconds: Histogram;
  readonly merged: Counter;
  readonly chunks: Gauge;
  readonly bytes: Gauge;
  readonly files: Gauge;
  readonly rollupLag: Gauge;
  readonly retentionRefused: Gauge;
}

/** Registers the store's metrics. */
export function storeMetrics(meter: Meter): StoreMetrics {
  const seconds = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  return {
    seals: meter.counter('iot_store_seals_total', 'Seals made durable.'),
    points: meter.counter('iot_store_points_total', 'Points made durable.'),
    sealSeconds: meter.histogram('iot_store_seal_seconds', 'Time from a seal to its durability.', seconds),
    querySeconds: meter.histogram('iot_store_query_seconds', 'Time of a query.', seconds),
    merged: meter.counter('iot_store_merged_chunks_total', 'Chunks that merging did away with.'),
    chunks: meter.gauge('iot_store_chunks', 'Chunks in the files of raw points.'),
    bytes: meter.gauge('iot_store_bytes', 'Bytes of all files of the store.'),
    files: meter.gauge('iot_store_files', 'Files of the store.'),
    rollupLag: meter.gauge('iot_store_rollup_lag_seals', 'Seals not yet applied to the rollups.'),
    retentionRefused: meter.gauge(
      'iot_store_retention_refused',
      '1 while retention removes nothing because the wall clock has jumped.',
    ),
  };
}
