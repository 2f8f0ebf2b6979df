import type { DeadLetter, DeadLetterReason } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import type { DeadLetterHead } from '../store.ts';
import { LETTER_HEAD, letterHead, wholeLetter } from './letter-rows.ts';
import type { PostgresSession } from './postgres-pool.ts';
import { NUMBER } from './postgres-query.ts';
import { Condition } from './reading-condition.ts';
import type { ReadingLetterFilter } from './reading-shapes.ts';

const NUMBERED = LETTER_HEAD.replace('position', `${NUMBER} AS position`);

/** Dead letters of all sources that pass the filter, by public number. */
export async function readLetters(
  session: PostgresSession,
  filter: ReadingLetterFilter,
): Promise<DeadLetterHead[]> {
  const where = conditionOf(filter);
  if (filter.state !== undefined) where.equal({ ...filter }, ['state']);
  if (filter.after !== undefined) where.add(`${NUMBER} > ${where.value(filter.after)}::bigint`);
  const limit = Math.max(1, Math.min(filter.limit, LIMITS.deadLettersPageMax.value));
  const rows = await session.query(
    `SELECT ${NUMBERED} FROM dead_letters WHERE ${where.text} ORDER BY ${NUMBER} LIMIT ${where.value(limit)}`,
    where.values,
  );
  return rows.map(letterHead);
}

/** One dead letter by its public number. */
export async function readLetter(session: PostgresSession, number: number): Promise<DeadLetter | undefined> {
  const [row] = await session.query(
    `SELECT ${NUMBERED}, payload, headers FROM dead_letters WHERE ${NUMBER} = $1::bigint`,
    [number],
  );
  return row && wholeLetter(row);
}

/** How many dead letters are open of each reason. */
export async function countReasons(
  session: PostgresSession,
  filter: Omit<ReadingLetterFilter, 'limit'>,
): Promise<Record<DeadLetterReason, number>> {
  const where = conditionOf(filter);
  const rows = await session.query(
    `SELECT reason, count(*) AS n FROM dead_letters WHERE state = 'open' AND ${where.text} GROUP BY reason`,
    where.values,
  );
  const counts: Record<DeadLetterReason, number> = {
    'unknown-topic': 0,
    undecodable: 0,
    'series-limit': 0,
    'too-many-points': 0,
    'stage-failed': 0,
    'kafka-refused': 0,
  };
  for (const { reason, n } of rows) counts[reason as DeadLetterReason] = Number(n); // written from this type
  return counts;
}

function conditionOf(filter: Omit<ReadingLetterFilter, 'limit'>): Condition {
  const where = new Condition();
  where.equal({ ...filter }, ['reason', 'tenant', 'project', 'device']);
  where.within(filter.scopes);
  return where;
}
