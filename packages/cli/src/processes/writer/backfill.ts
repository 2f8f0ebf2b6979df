import { JournalError } from '@skerry/journal';
import { layoutTopics, openKafkaPartition } from '@skerry/journal/kafka';
import { openSegmentJournal } from '@skerry/journal/segment';
import { type Clock, type Logger, type Meter, noFailpoints, type Random } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';
import type { PointSink, SinkPoints, SinkRefusal } from '@skerry/series';
import { openPostgresPool, readRange, requireSchema, sourcesOf } from '@skerry/series/postgres';
import { refuseFaults, sinkFaults } from '../../config/role-rules.ts';
import type { SkerryConfig } from '../../config/schema.ts';
import { CliError } from '../../errors.ts';
import { holdDataFolder } from '../data-folder.ts';
import { layoutOf, openConfiguredKafka } from '../kafka-way.ts';
import { routesOf } from '../places.ts';
import { poolOptionsOf } from '../postgres-way.ts';
import { openSink } from './configured-sinks.ts';
import { type ReplayedJournal, type ReplayRange, replayJournal } from './replayed-journal.ts';

/** Where points are read: as they are stored in PostgreSQL, or decoded anew out of Kafka or the journal of a data folder. */
export const BACKFILL_SOURCES = ['postgres', 'kafka', 'journal'] as const;

/** What is to be written into a sink again. */
export interface BackfillOrder extends ReplayRange {
  readonly sink: string;
  readonly source: (typeof BACKFILL_SOURCES)[number];
  /** Only this one, `topic/partition`; all when absent. */
  readonly partition?: string;
}

/** What a backfill needs from its process. */
export interface BackfillNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly signal: AbortSignal;
  /** Hears how many points of a source are written so far. */
  readonly tell: (source: string, points: number) => void;
  /** Hears what keeps the sink from taking points, once for each thing; it is tried again all the while. */
  readonly tellTrouble: (detail: string) => void;
}

/** What a backfill did. */
export interface BackfillSum {
  readonly points: number;
  readonly refused: number;
  /** The first of them. */
  readonly refusals: readonly SinkRefusal[];
}

/** Refusals that are told one by one. */
const TOLD = 10;
const TROUBLE_MS = 1_000;

/**
 * Writes points into a sink once more, whatever its position is, which stays. A point that is there already is written over
 * by itself. Fails with `config-invalid` for a sink that is not configured or contradicts itself, with `usage` for a
 * partition that is not there, and with the faults of what is read.
 */
export async function backfill(
  order: BackfillOrder,
  config: SkerryConfig,
  needs: BackfillNeeds,
): Promise<BackfillSum> {
  const found = config.sinks.find(({ name }) => name === order.sink);
  if (!found) {
    const names = config.sinks.map(({ name }) => name).join(', ');
    throw new CliError(
      'config-invalid',
      `--sink: found ${JSON.stringify(order.sink)}, wanted one of the sinks of the configuration: ${names || 'it has none'}.`,
    );
  }
  refuseFaults('', sinkFaults(config));
  await using stack = new AsyncDisposableStack();
  const sink: PointSink = stack.use(openSink(found, needs));
  stack.use(watchTrouble(sink, needs));
  const writing = new Writing(sink, needs);
  if (order.source === 'postgres') await fromPostgres(order, config, writing, needs);
  else if (order.source === 'kafka') await fromKafka(order, config, writing, needs);
  else await fromFolder(order, config, writing, needs);
  return writing.sum;
}

/** Brings points into the sink and counts them. */
class Writing {
  readonly #sink: PointSink;
  readonly #needs: BackfillNeeds;
  readonly #told: SinkRefusal[] = [];
  #points = 0;
  #refused = 0;
  #ofSource = 0;

  constructor(sink: PointSink, needs: BackfillNeeds) {
    this.#sink = sink;
    this.#needs = needs;
  }

  get sum(): BackfillSum {
    return { points: this.#points, refused: this.#refused, refusals: this.#told };
  }

  /** Points of another source follow. */
  begin(): void {
    this.#ofSource = 0;
  }

  async write(source: string, points: SinkPoints): Promise<void> {
    const prepared = this.#sink.prepare(points);
    const refusals = prepared.points === 0 ? [] : await this.#sink.write([prepared], this.#needs.signal);
    this.#told.push(...refusals.slice(0, TOLD - this.#told.length));
    this.#refused += refusals.length;
    this.#points += prepared.points - refusals.length;
    this.#ofSource += prepared.points - refusals.length;
    this.#needs.tell(source, this.#ofSource);
  }
}

async function fromPostgres(
  order: BackfillOrder,
  config: SkerryConfig,
  writing: Writing,
  needs: BackfillNeeds,
): Promise<void> {
  await using pool = openPostgresPool(poolOptionsOf(config, 'skerry backfill'), needs);
  await requireSchema(pool);
  for (const { id, label } of chosen(await sourcesOf(pool), order, 'PostgreSQL')) {
    writing.begin();
    for (let after = 0; ; ) {
      const page = await readRange(pool, id, { ...order, after });
      if (!page) break;
      await writing.write(label, page.points);
      after = page.seal;
    }
  }
}

/** What was not read yet is for a backfill too. */
const EVERY_TOPIC = { has: () => true } as const;

async function fromKafka(
  order: BackfillOrder,
  config: SkerryConfig,
  writing: Writing,
  needs: BackfillNeeds,
): Promise<void> {
  await using client = await openConfiguredKafka('skerry-backfill', config, needs);
  const layout = layoutOf(config);
  const { topics } = await layoutTopics(client, layout, EVERY_TOPIC);
  const partitions = topics.flatMap(({ name: topic, partitions: all }) =>
    Array.from({ length: all.length }, (_, partition) => ({
      topic,
      partition,
      label: `${topic}/${partition}`,
    })),
  );
  for (const { topic, partition, label } of chosen(partitions, order, 'Kafka')) {
    await using journal = await openKafkaPartition({ topic, partition, layout }, { ...needs, client });
    await replay(label, journal, order, config, writing, needs);
  }
}

/** A journal that a server is writing has its lock: then it is told. */
async function fromFolder(
  order: BackfillOrder,
  config: SkerryConfig,
  writing: Writing,
  needs: BackfillNeeds,
): Promise<void> {
  await using _folder = await holdDataFolder(config.dataDir);
  const folder = `${config.dataDir}/journal`;
  await using journal = await openSegmentJournal(
    { folder, readOnly: true },
    { ...needs, disk: nodeDisk(), failpoint: noFailpoints },
  );
  const [only] = chosen([{ label: 'journal' }], order, config.dataDir);
  if (only) await replay(only.label, journal, order, config, writing, needs);
}

async function replay(
  label: string,
  journal: ReplayedJournal,
  order: BackfillOrder,
  config: SkerryConfig,
  writing: Writing,
  needs: BackfillNeeds,
): Promise<void> {
  writing.begin();
  if (order.fromOffset > 0 && order.fromOffset < journal.start)
    throw new JournalError(
      'offset-trimmed',
      `Cannot read ${label} from ${order.fromOffset} on: its oldest record is ${journal.start}.`,
      { start: journal.start },
    );
  await replayJournal(journal, order, { ...needs, routes: routesOf(config) }, (points) =>
    writing.write(label, points),
  );
}

function chosen<T extends { readonly label: string }>(
  all: readonly T[],
  { partition }: BackfillOrder,
  place: string,
): readonly T[] {
  if (partition === undefined) return all;
  const found = all.filter(({ label }) => label === partition);
  if (found.length > 0) return found;
  const names = all.map(({ label }) => label);
  throw new CliError(
    'usage',
    `--partition: found ${JSON.stringify(partition)}, wanted one of those in ${place}: ${names.slice(0, 20).join(', ') || 'there is none'}.`,
  );
}

function watchTrouble(sink: PointSink, { clock, tellTrouble }: BackfillNeeds): Disposable {
  let last = '';
  return clock.startTicker(TROUBLE_MS, () => {
    const detail = sink.trouble?.detail ?? '';
    if (detail !== '' && detail !== last) tellTrouble(detail);
    last = detail;
  });
}
