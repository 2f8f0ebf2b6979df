import type { KafkaClient, Uplink } from '@skerry/journal/kafka';
import { layoutTopics, PartitionAppender } from '@skerry/journal/kafka';
import type { Clock, Logger, Meter } from '@skerry/kernel';
import { turn } from '@skerry/kernel/node';
import type { RoleReason } from '@skerry/model';
import { compileRoutes } from '@skerry/pipeline';
import {
  openPostgresPool,
  openPostgresReadings,
  type PostgresReadings,
  StandbyReads,
} from '@skerry/series/postgres';
import type { SkerryConfig } from '../../config/schema.ts';
import type { GatewayBuffer } from '../gateway/gateway-buffer.ts';
import { layoutOf } from '../kafka-way.ts';
import type { LivePlatformNeeds } from '../live-platform.ts';
import { routesOf } from '../places.ts';
import { poolOptionsOf, standbyOptionsOf } from '../postgres-way.ts';
import type { CacheReadings } from '../redis-way.ts';
import type { RoleFacts } from '../role-teller.ts';
import { openTellers } from '../tellers.ts';
import { topicsOf } from '../writer/read-topics.ts';
import { CloudStages } from './cloud-stages.ts';
import { LedgerDesk } from './ledger-desk.ts';
import { changeLettersInKafka } from './letter-desk.ts';
import { readingsFrom } from './sink-readings.ts';
import { SiteDesk } from './site-desk.ts';
import { StageTotals } from './stage-totals.ts';
import { TablePipeline } from './table-pipeline.ts';

/** What the tables are opened with. */
export interface CloudTablesNeeds {
  readonly buffer: Pick<GatewayBuffer, 'follower'>;
  readonly uplink: Uplink;
  readonly client: KafkaClient;
  /** Why the process is not ready. */
  readonly reasons: () => readonly RoleReason[];
  /** Newest values out of a cache, where there is one. */
  readonly cached: CacheReadings;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** What writers store, as the platform of a cloud asks for it and changes it. */
export interface CloudTables {
  readonly readings: PostgresReadings;
  readonly pipeline: TablePipeline;
  readonly changeDeadLetters: NonNullable<LivePlatformNeeds['changeDeadLetters']>;
  readonly stages: CloudStages;
  readonly site: SiteDesk;
  /** Why the standby does not answer where one is configured. */
  readonly notes: () => readonly RoleReason[];
}

/** Opens the way to the tables, and tells them what the own buffer receives. The stack ends it. */
export function openCloudTables(
  config: SkerryConfig,
  { buffer, uplink, client, reasons, cached, clock, logger, meter }: CloudTablesNeeds,
  stack: AsyncDisposableStack,
): CloudTables {
  const pool = stack.use(openPostgresPool(poolOptionsOf(config, 'skerry cloud'), { clock, logger }));
  const standbyOptions = standbyOptionsOf(config, 'skerry cloud, standby');
  const standby =
    standbyOptions && stack.use(new StandbyReads(standbyOptions, { primary: pool, clock, logger, meter }));
  const tables = openPostgresReadings(pool, { clock, breathe: turn, ...(standby && { standby }) });
  const readings = cached(readingsFrom(config, tables, { clock }), pool);
  const facts = (): RoleFacts => ({ reasons: reasons(), buffer: uplink.lag() });
  openTellers(
    config,
    'cloud',
    { journal: buffer.follower, uplink, group: 'cloud', facts, clock, logger },
    stack,
  );
  const layout = layoutOf(config);
  const own = client.fork();
  const topics = async () =>
    (await layoutTopics(own, layout, topicsOf(await readings.sources()))).topics.map(({ name }) => name);
  const ledger = new LedgerDesk({ readings, client: own, topics, clock });
  const appender = stack.use(new PartitionAppender(client));
  const route = compileRoutes(routesOf(config));
  const stages = stack.use(new CloudStages({ readings, pool, client, appender, route, clock }));
  const perDeviceStatus = config.metrics.perDevice;
  const site = new SiteDesk({ readings, ledger, client: client.fork(), clock });
  const stageTotals = stack.use(new StageTotals({ readings, clock }));
  const pipeline = new TablePipeline({ readings, ledger, site, stageTotals, clock, perDeviceStatus });
  return {
    readings,
    pipeline,
    stages,
    notes: () => {
      const trouble = standby?.state().trouble;
      return trouble ? [trouble] : [];
    },
    site,
    changeDeadLetters: (kind, choice, author) =>
      changeLettersInKafka(kind, choice, author, { pipeline, readings, appender, clock }),
  };
}
