import { AGGREGATE_VIEWS, AGGREGATES, ROLLUP_VIEWS, rollupViews } from './schema-retention.ts';
import { MINE } from './schema-views.ts';
import { boundedSumOf } from './sum-sql.ts';

const ROLLUPS = `
CREATE OR REPLACE VIEW telemetry_rollups WITH (security_barrier) AS
  SELECT r.start AS time, r.step AS step_secs, s.tenant, s.project, s.device, s.metric, s.unit,
    sum(r.count) AS count, min(r.min) AS min, max(r.max) AS max, ${boundedSumOf('r.sum')} AS sum,
    (${boundedSumOf('r.sum')}) / sum(r.count) AS mean, (min(r.head))[4] AS first, (max(r.tail))[4] AS last
  FROM rollups r JOIN series s ON s.id = r.series_id WHERE ${MINE}
  GROUP BY r.start, r.step, s.id;
`;

const CONTINUOUS = AGGREGATES.replaceAll('sum(value)', boundedSumOf('value')).replaceAll(
  'sum(sum)',
  boundedSumOf('sum'),
);

const DROP = ROLLUP_VIEWS.map(({ view }) => view.replace('telemetry', 'points'))
  .reverse()
  .map((name) => `DROP MATERIALIZED VIEW ${name};\n`)
  .join('');

const replacing = (views: string) => views.replaceAll('CREATE VIEW', 'CREATE OR REPLACE VIEW');

/**
 * Sums that end at the largest double instead of failing, for people. A continuous aggregate cannot be altered: it is made
 * again, of the points that are there, while what is shown of it shows our own rollups, so that nobody's views stand in the
 * way; its policies are made again from what was asked for.
 */
export function boundedSums(isTimescale: boolean): string {
  if (!isTimescale) return ROLLUPS;
  return `${ROLLUPS}${replacing(rollupViews())}${DROP}${CONTINUOUS}${replacing(AGGREGATE_VIEWS)}
DO $body$ BEGIN
  IF EXISTS (SELECT FROM retention) THEN PERFORM make_policies(); END IF;
END $body$;
`;
}
