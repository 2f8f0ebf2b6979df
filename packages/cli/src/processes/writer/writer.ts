import { setFlagsFromString } from 'node:v8';
import { openProbes } from '@skerry/api/probes';
import { withoutNames } from '@skerry/api/without-names';
import { joinWriterGroup, type WriterGroup } from '@skerry/journal/kafka';
import { createMeter, type Meter, mergeFamilies } from '@skerry/kernel';
import { nodeClock, nodeRandom, stderrLogger } from '@skerry/kernel/node';
import type { RoleReason } from '@skerry/model';
import { openPostgresPool, SealGroup } from '@skerry/series/postgres';
import type { SkerryConfig } from '../../config/schema.ts';
import { compactHeap } from '../compact-heap.ts';
import { failpointHook } from '../failpoints.ts';
import { layoutOf, openConfiguredKafka } from '../kafka-way.ts';
import { listening } from '../listening.ts';
import { routesOf } from '../places.ts';
import { poolOptionsOf } from '../postgres-way.ts';
import { ProcessFigures } from '../process-figures.ts';
import { openCacheFeeds } from '../redis-way.ts';
import { asked, type RoleOptions } from '../role.ts';
import { processName, type RoleFacts } from '../role-teller.ts';
import { openRoleTeller } from '../tellers.ts';
import { openTracer, partitionTracing } from '../tracing.ts';
import { openSink } from './configured-sinks.ts';
import type { PartitionRunOptions } from './partition-run.ts';
import { PartitionRuns } from './partition-runs.ts';
import { openRebirthSender } from './rebirth-sender.ts';
import { ofPartitions, stageReport } from './writer-metrics.ts';
import { WriterTopics } from './writer-topics.ts';

const COMMIT_MS = 5_000;
/**
 * Batches live for as long as a seal, too long for the young generation; V8 would let 64 MB of their bytes gather before
 * it collects them. So they count as its own heap does: 142 MB resident at 10,000 records a second instead of 204, at the
 * same CPU time.
 */
const HEAP_FLAG = '--external-memory-accounted-in-global-limit';

/**
 * The process of `skerry writer`: partitions of Kafka into PostgreSQL, those that its group gives it. A record's points
 * and its position are one transaction, which an epoch fences. Resolves with the exit code; fails with the fault that
 * ended it.
 */
export async function serveWriter({ config, context }: RoleOptions): Promise<number> {
  setFlagsFromString(HEAP_FLAG);
  const clock = nodeClock();
  const random = nodeRandom();
  const logger = stderrLogger(config.log);
  const meter = createMeter();
  await using stack = new AsyncDisposableStack();
  const client = stack.use(await openConfiguredKafka(config.writer.group, config, { clock, logger, random }));
  const pool = stack.use(openPostgresPool(poolOptionsOf(config, 'skerry writer'), { clock, logger }));
  const tracer = await openTracer('writer', config, { clock, random, logger, meter });
  if (tracer) stack.use(tracer);
  const sinks = config.sinks.map((one) => stack.use(openSink(one, { clock, random, logger, meter })));
  const layout = layoutOf(config);
  const runs = stack.use(
    new PartitionRuns(
      { layout, ...runOptionsOf(config) },
      {
        client,
        pool,
        seals: new SealGroup(pool, { clock }),
        clock,
        random,
        logger,
        meter,
        failpoint: failpointHook(context.environment.SKERRY_FAILPOINT),
        rebirthWanted: openRebirthSender(config, { client, clock, random, logger, meter }, stack),
        sinks,
        cache: await openCacheFeeds(config, { pool, clock, random, logger, meter }, stack),
        tracing: tracer && ((name) => partitionTracing(tracer, name, config)),
      },
    ),
  );
  const topics = new WriterTopics(config, layout, { client, pool, logger });
  const group = stack.use(
    await joinWriterGroup(
      {
        client,
        group: config.writer.group,
        sessionMs: config.writer.sessionMs,
        topics: () => topics.counts(),
        topicsEveryMs: topics.everyMs,
      },
      {
        assigned: async (partitions) => runs.assign(partitions),
        revoked: (partitions) => runs.revoke(partitions),
      },
    ),
  );
  stack.use(clock.startTicker(COMMIT_MS, () => void tellPositions(group, runs)));
  const reasons = () => [
    ...(group.trouble ? [{ code: group.trouble.code, detail: group.trouble.message }] : []),
    ...topics.reasons(),
    ...runs.reasons(),
  ];
  const facts = factsOf(config, { reasons, runs, meter });
  openRoleTeller(config, 'writer', { facts, clock, logger }, stack);
  const figures = stack.use(new ProcessFigures({ role: 'writer', reasons }, { clock, meter }));
  const metrics = async () => withoutNames(await figures.families([ofPartitions(runs.gauges())]));
  const probes = stack.use(
    await listening('http', () => openProbes(config.http, { readiness: reasons, metrics, meter })),
  );
  tell(context.stdout, config, probes.address);
  const left = group.ended.then(() => new Promise<never>(() => undefined)); // it ends with a fault, or with us
  compactHeap();
  await Promise.race([asked(context.signal), runs.failed, left]);
  logger.log('info', 'Shutting down.');
  return 0;
}

function runOptionsOf(config: SkerryConfig): Omit<PartitionRunOptions, 'layout'> {
  const { group, sealAfterMs, sessionMs } = config.writer;
  return {
    group,
    routes: routesOf(config),
    owner: processName(),
    sealAfterMs,
    retention: config.series,
    sessionMs,
  };
}

/** How the process does, for PostgreSQL. */
function factsOf(
  { sinks }: SkerryConfig,
  {
    reasons,
    runs,
    meter,
  }: { readonly reasons: () => readonly RoleReason[]; readonly runs: PartitionRuns; readonly meter: Meter },
): () => RoleFacts {
  const kinds = new Map(sinks.map(({ name, kind }) => [name, kind]));
  return () => ({
    reasons: reasons(),
    partitions: runs.report(kinds),
    stages: stageReport(mergeFamilies([meter.snapshot(), ...runs.gauges()])),
  });
}

/** For tools that show the lag of groups; the positions that count are those of the store. */
async function tellPositions(group: WriterGroup, runs: PartitionRuns): Promise<void> {
  const positions = runs.running.map(({ name, pipeline }) => ({
    ...name,
    offset: pipeline.committedPosition,
  }));
  if (positions.length > 0) await group.commit(positions).catch(() => undefined); // the next one tells more
}

function tell(
  stdout: NodeJS.WritableStream,
  { kafka, writer, sinks }: SkerryConfig,
  { host, port }: { readonly host: string; readonly port: number },
): void {
  const lines = [
    'Skerry writer: from Kafka into PostgreSQL.',
    `  Kafka: ${kafka.brokers.join(', ')}, group ${writer.group}`,
    ...sinks.map(({ name, kind, url, database }) => `  Sink ${name}: ${kind}, ${database} at ${url}`),
    `  Health, readiness and metrics: http://${host}:${port}`,
  ];
  stdout.write(`${lines.join('\n')}\n`);
}
