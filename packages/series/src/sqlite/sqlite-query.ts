import { Buckets } from '../answer-buckets.ts';
import { answerExtremes } from '../answer-extremes.ts';
import { answerPage } from '../answer-page.ts';
import type { HeadView } from '../head.ts';
import { headRunsOf } from '../head-runs.ts';
import { type PointSource, sourceOf } from '../point-source.ts';
import { ROLLUP_STEPS } from '../rollup.ts';
import type { BucketPage, PointPage, SeriesQuery } from '../store.ts';
import type { Turn } from '../turn.ts';
import { chunkSources } from './chunk-sources.ts';
import type { DayFile } from './day-file.ts';
import type { RollupBook } from './rollup-book.ts';
import type { Snapshot } from './store-file.ts';

/** What a query is answered from. `heads` are those not committed as of now. */
export interface QueryParts {
  readonly days: readonly DayFile[];
  readonly rollups: RollupBook;
  readonly heads: readonly HeadView[];
  readonly turn: Turn;
}

type Range = Pick<SeriesQuery, 'fromMicros' | 'toMicros'>;

/** Answers a query from the state of the store at the tick of the call. */
export async function answerQuery(query: SeriesQuery, parts: QueryParts): Promise<PointPage | BucketPage> {
  const held: [DayFile, Snapshot][] = [];
  try {
    for (const day of parts.days) held.push([day, day.snapshot()]);
    if (query.shape.kind === 'buckets')
      return await answerBuckets(query, query.shape.stepMicros, parts, held);
    const sources = [...stored(held, query, query), ...unsealed(parts.heads, query)];
    return query.shape.kind === 'raw'
      ? await answerPage(sources, query, query.shape, parts.turn)
      : await answerExtremes(sources, query, query.shape.points, parts.turn);
  } finally {
    for (const [day, snapshot] of held) day.release(snapshot);
  }
}

function stored(
  held: readonly [DayFile, Snapshot][],
  query: SeriesQuery,
  range: Range,
  sealAbove = -1,
): PointSource[] {
  return held.flatMap(([day, snapshot]) =>
    chunkSources(day, snapshot, query.series, range.fromMicros, range.toMicros, sealAbove),
  );
}

function unsealed(heads: readonly HeadView[], query: SeriesQuery): PointSource[] {
  return heads.flatMap((view) => headRunsOf(view, query.series)).map(sourceOf);
}

/**
 * Before the time up to which raw points of the series may be gone, rollups answer, with what they do not have yet
 * (unapplied seals, heads); from there on raw points do. Either one answers for a time, never both.
 */
async function answerBuckets(
  query: SeriesQuery,
  stepMicros: number,
  parts: QueryParts,
  held: readonly [DayFile, Snapshot][],
): Promise<BucketPage> {
  const [minute, hour] = ROLLUP_STEPS;
  const buckets = new Buckets(stepMicros);
  const heads = unsealed(parts.heads, query);
  const gone = parts.rollups.goneUntil(query.series);
  const grain = stepMicros % hour === 0 ? hour : minute;
  const border = gone < query.fromMicros ? query.fromMicros : (Math.floor(gone / grain) + 1) * grain;
  const early = { fromMicros: query.fromMicros, toMicros: Math.min(border, query.toMicros) };
  const late = { fromMicros: Math.max(border, query.fromMicros), toMicros: query.toMicros };
  let resolutionMicros = 0;
  // everything that is read of the present state is read before the first turn is taken
  const lateSources = stored(held, query, late);
  if (early.fromMicros < early.toMicros) {
    const since = Math.floor(early.fromMicros / grain) * grain;
    const rows = parts.rollups.read(query.series, grain, since, early.toMicros);
    const notYet = stored(held, query, early, parts.rollups.applied);
    for (const row of rows) buckets.addRollup(row);
    if (rows.length > 0) resolutionMicros = grain;
    await buckets.addSources([...notYet, ...heads], early, parts.turn);
  }
  await buckets.addSources([...lateSources, ...heads], late, parts.turn);
  return { kind: 'buckets', buckets: buckets.finish(), resolutionMicros };
}
