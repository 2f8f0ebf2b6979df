import type { Clock, Counter, FailpointHook, Gauge, Histogram, Logger, Meter } from '@skerry/kernel';
import { LIMITS } from '../limits.ts';
import type { Breathe } from '../turn.ts';
import type { PostgresPool, PostgresPoolOptions } from './postgres-pool.ts';
import type { RetentionPolicy } from './retention-policies.ts';
import type { SealGroup } from './seal-group.ts';
import type { SourceIdentity } from './source-row.ts';

/** Which store is opened, and where. */
export interface PostgresStoreOptions {
  /** A pool that several stores share and whoever opened it closes, or how to open one for this store alone. */
  readonly pool: PostgresPool | PostgresPoolOptions;
  /** Seals go together with those of other stores of the same pool. */
  readonly group?: SealGroup;
  /** The journal whose records it holds. */
  readonly source: SourceIdentity;
  /** Name of the process, for those who are fenced by it. */
  readonly owner: string;
  /** How long what is kept; the policies of the schema become this one. */
  readonly retention?: RetentionPolicy;
  /** Time between two folds, and between two rollups by the log's time; those of `LIMITS` when absent. */
  readonly foldMs?: number;
  readonly rollMs?: number;
}

/** What a store needs from its process. `breathe` lets other work of the thread have its turn. */
export interface PostgresStoreNeeds {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly failpoint: FailpointHook;
  readonly breathe: Breathe;
}

/** Days and times in force. */
export interface StoreSettings extends RetentionPolicy {
  readonly foldMs: number;
  readonly rollMs: number;
}

const DEFAULT_RETENTION: RetentionPolicy = {
  rawDays: LIMITS.rawDays.value,
  rollupDays: LIMITS.rollupDays.value,
  chunkHours: 24,
  compressAfterDays: 0,
};

/** The settings with what was left out. */
export function settingsOf({ retention, foldMs, rollMs }: PostgresStoreOptions): StoreSettings {
  return {
    ...(retention ?? DEFAULT_RETENTION),
    foldMs: foldMs ?? LIMITS.foldMs.value,
    rollMs: rollMs ?? LIMITS.rollMs.value,
  };
}

/** The store's metrics. */
export interface PostgresMetrics {
  readonly seals: Counter;
  readonly points: Counter;
  readonly sealSeconds: Histogram;
  readonly querySeconds: Histogram;
  readonly foldSeconds: Histogram;
  readonly bytes: Gauge;
  readonly rollupLag: Gauge;
  readonly retentionRefused: Gauge;
}

/** Registers the store's metrics; those that every store has keep their names. */
export function postgresMetrics(meter: Meter): PostgresMetrics {
  const seconds = [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
  return {
    seals: meter.counter('iot_store_seals_total', 'Seals made durable.'),
    points: meter.counter('iot_store_points_total', 'Points made durable.'),
    sealSeconds: meter.histogram('iot_store_seal_seconds', 'Time from a seal to its durability.', seconds),
    querySeconds: meter.histogram('iot_store_query_seconds', 'Time of a query.', seconds),
    foldSeconds: meter.histogram(
      'iot_store_fold_seconds',
      'Time in which the state of devices came into its tables.',
      seconds,
    ),
    bytes: meter.gauge('iot_store_bytes', 'Bytes of all files of the store.'),
    rollupLag: meter.gauge('iot_store_rollup_lag_seals', 'Seals not yet applied to the rollups.'),
    retentionRefused: meter.gauge(
      'iot_store_retention_refused',
      '1 while retention removes nothing because the wall clock has jumped.',
    ),
  };
}
