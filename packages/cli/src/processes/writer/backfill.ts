import type { Clock, Logger, Meter, Random } from '@skerry/kernel';
import type { PointSink, SinkRefusal } from '@skerry/series';
import { openPostgresPool, readRange, sourcesOf } from '@skerry/series/postgres';
import type { SkerryConfig } from '../../config/schema.ts';
import { CliError } from '../../errors.ts';
import { poolOptionsOf } from '../postgres-way.ts';
import { openSink } from './configured-sinks.ts';

/** What is to be written into a sink again. */
export interface BackfillOrder {
  readonly sink: string;
  /** Event times, microseconds since 1970: from, inclusive, to, exclusive. */
  readonly fromMicros: number;
  readonly toMicros: number;
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
}

/** What a backfill did. */
export interface BackfillSum {
  readonly points: number;
  readonly refusals: readonly SinkRefusal[];
}

/** Refusals that are told one by one. */
const TOLD = 10;

/**
 * Writes points of every source of PostgreSQL into a sink once more, whatever its position is, which stays. A point that
 * is there already is written over by itself. Fails with `config-invalid` for a sink that is not configured.
 */
export async function backfill(
  order: BackfillOrder,
  config: SkerryConfig,
  needs: BackfillNeeds,
): Promise<BackfillSum & { readonly refused: number }> {
  const found = config.sinks.find(({ name }) => name === order.sink);
  if (!found) {
    const names = config.sinks.map(({ name }) => name).join(', ');
    throw new CliError(
      'config-invalid',
      `--sink: found ${JSON.stringify(order.sink)}, wanted one of the sinks of the configuration: ${names || 'it has none'}.`,
    );
  }
  await using stack = new AsyncDisposableStack();
  const pool = stack.use(openPostgresPool(poolOptionsOf(config, 'skerry backfill'), needs));
  const sink: PointSink = stack.use(openSink(found, needs));
  const told: SinkRefusal[] = [];
  let points = 0;
  let refused = 0;
  for (const source of await sourcesOf(pool)) {
    let ofSource = 0;
    for (let after = 0; ; ) {
      const page = await readRange(pool, source.id, { ...order, after });
      if (!page) break;
      const refusals =
        page.points.view.rows === 0 ? [] : await sink.write([sink.prepare(page.points)], needs.signal);
      told.push(...refusals.slice(0, TOLD - told.length));
      refused += refusals.length;
      ofSource += page.points.view.rows - refusals.length;
      after = page.seal;
      needs.tell(source.label, ofSource);
    }
    points += ofSource;
  }
  return { points, refused, refusals: told };
}
