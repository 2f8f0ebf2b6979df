import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { Logger } from '@skerry/kernel';
import type { SkerryConfig } from '../config/schema.ts';
import { ownScript } from '../own-place.ts';
import { tenantPlaces } from './broker-access.ts';
import type { LogThreadOptions } from './log-worker.ts';
import type { PipelineThreadOptions } from './pipeline-worker.ts';
import { foldersOf, routesOf } from './places.ts';
import type { StoreThreadFacts, StoreThreadOptions } from './store-worker.ts';
import { startThread, type Thread } from './thread-host.ts';

/** The one retention class of a laptop's node. */
export const RETENTION_CLASS = 'default';

/** The threads beside the main one, and the main thread's ends of the ports to them. The caller disposes of each. */
export interface ServerThreads {
  readonly log: Thread;
  readonly pipeline: Thread;
  readonly store: Thread;
  readonly logPort: MessagePort;
  readonly pipelinePort: MessagePort;
}

/** How the threads are started. */
export interface ServerThreadsOptions {
  readonly config: SkerryConfig;
  readonly isReadOnly: boolean;
  readonly failpoint: string | undefined;
  readonly logger: Logger;
  /** Ends them while they start: Kafka may be waited for. */
  readonly signal: AbortSignal;
}

/** Starts log, store and pipeline at once. When one fails the others are ended and its fault is thrown. */
export async function startServerThreads(options: ServerThreadsOptions): Promise<ServerThreads> {
  const { config, isReadOnly, failpoint, logger } = options;
  const folders = foldersOf(config.dataDir);
  const mainLog = new MessageChannel();
  const mainPipeline = new MessageChannel();
  const logPipeline = new MessageChannel();
  const pipelineStore = new MessageChannel();
  const starting = new AbortController();
  options.signal.addEventListener('abort', () => starting.abort(), { once: true });
  if (options.signal.aborted) starting.abort();
  const start = (
    name: 'log' | 'store' | 'pipeline',
    ports: Readonly<Record<string, MessagePort>>,
    own: object,
  ): Promise<Thread> =>
    startThread({
      name,
      script: ownScript(`processes/${name}-worker`),
      ports,
      failpoint,
      logger,
      signal: starting.signal,
      options: own,
    });
  const { bytesMax, hoursMax } = config.journal;
  const { rawDays, rollupDays } = config.series;
  const { sealPoints, sealAfterSecs } = config.pipeline;
  const storeThread = start('store', { pipeline: pipelineStore.port2 }, {
    folder: folders.series,
    retentionClass: RETENTION_CLASS,
    rawDays,
    rollupDays,
    isReadOnly,
    tellsSeen: isReadOnly || isOnKafka(config),
  } satisfies StoreThreadOptions);
  const threads = [
    start('log', { main: mainLog.port2, pipeline: logPipeline.port1 }, {
      folder: folders.journal,
      bytesMax,
      hoursMax,
      isReadOnly,
      tenantPlaces: tenantPlaces(config.routing.telemetry),
      ...(await journalPlace(options, storeThread)),
    } satisfies LogThreadOptions),
    storeThread,
    start('pipeline', { main: mainPipeline.port2, log: logPipeline.port2, store: pipelineStore.port1 }, {
      journalFolder: folders.journal,
      isOnKafka: isOnKafka(config),
      routes: routesOf(config),
      sealPoints,
      sealAgeMs: sealAfterSecs * 1_000,
      isReadOnly,
      perDeviceStatus: config.metrics.perDevice,
      tracing: config.tracing,
    } satisfies PipelineThreadOptions),
  ] as const;
  const [log, store, pipeline] = await allOrNone(threads, starting);
  return { log, store, pipeline, logPort: mainLog.port1, pipelinePort: mainPipeline.port1 };
}

/** What the log has to know of its journal: files that are not written want to know how far they were durable, Kafka how far it was read. */
async function journalPlace(
  { config, isReadOnly }: ServerThreadsOptions,
  storeThread: Promise<Thread>,
): Promise<Pick<LogThreadOptions, 'durableEnd' | 'kafka'>> {
  if (!isReadOnly && !isOnKafka(config)) return {};
  const { seen, followed } = (await storeThread).facts as StoreThreadFacts; // told by store-worker
  if (!isOnKafka(config)) return { durableEnd: seen?.offset ?? 0 };
  const { kafka, mqtt, journal } = config;
  const store = { ...(seen ? { seen } : {}), ...(followed === undefined ? {} : { followed }) };
  return { kafka: { config: { kafka, mqtt, journal }, ...store } };
}

/** Whether the journal is a topic of Kafka. */
export function isOnKafka({ journal }: Pick<SkerryConfig, 'journal'>): boolean {
  return journal.engine === 'kafka';
}

/** Resolves when all are there; at the first fault those that are there already, or still start, are ended by force. */
async function allOrNone(
  threads: readonly [Promise<Thread>, Promise<Thread>, Promise<Thread>],
  starting: AbortController,
) {
  try {
    return await Promise.all(threads);
  } catch (fault) {
    starting.abort();
    for (const thread of threads) thread.then((started) => started.kill()).catch(() => undefined); // its own fault
    throw fault;
  }
}
