import { HUGE, SCALE, SCALED_MAX } from '../bounded-sum.ts';

const number = (value: number) => `${value}::double precision`;
const UP = number(1 / SCALE);
const MOST = number(SCALED_MAX);
const USUAL = `BETWEEN ${number(-HUGE)} AND ${number(HUGE)}`;
/** Below this no double brings another one beyond the largest. */
const FAR = number(1e290);

/**
 * An aggregate: the sum of the doubles of a column, as `joinSums` has it; null of none. `sum` alone fails with 22003 where
 * it goes beyond the largest double, and so does a product below the smallest: only huge values are scaled.
 */
export function boundedSumOf(column: string): string {
  const usual = `sum(${column}) FILTER (WHERE ${column} ${USUAL})`;
  const huge = `sum(${column} * ${number(SCALE)}) FILTER (WHERE ${column} NOT ${USUAL})`;
  return `CASE WHEN ${huge} IS NULL THEN ${usual}
      ELSE greatest(-${MOST}, least(${MOST}, ${huge})) * ${UP} + coalesce(${usual}, 0) END`;
}

/** The sum of two sums, as `addSums` has it. */
export function boundedPlus(a: string, b: string): string {
  const most = number(Number.MAX_VALUE / 2);
  return `CASE WHEN ${a} > ${FAR} AND ${b} > ${FAR} THEN least(${most}, ${a} / 2 + ${b} / 2) * 2
      WHEN ${a} < -${FAR} AND ${b} < -${FAR} THEN greatest(-${most}, ${a} / 2 + ${b} / 2) * 2 ELSE ${a} + ${b} END`;
}
