import { type ChunkPoints, sortPoints } from '../chunk-points.ts';
import { TYPE_CODE } from '../head.ts';
import { type PointSource, sourceOf } from '../point-source.ts';
import type { Row } from './postgres-pool.ts';
import { microsOf, original } from './postgres-values.ts';

/** Columns of a point as `pointSources` reads them. */
export const POINT_COLUMNS = `date_part('epoch', time) AS time, value, text, flag, exact, position, ordinal`;

/** Rows of points as sources, one for each type that occurs. */
export function pointSources(rows: readonly Row[]): PointSource[] {
  const byType = Map.groupBy(rows, typeOf);
  return Array.from(byType, ([type, own]) => sourceOf(sortPoints(pointsOf(type, own))));
}

function typeOf({ value, text, exact }: Row): number {
  if (exact !== null) return TYPE_CODE.integer;
  if (value !== null) return TYPE_CODE.number;
  return text === null ? TYPE_CODE.boolean : TYPE_CODE.text;
}

function pointsOf(type: number, rows: readonly Row[]): ChunkPoints {
  const isText = type === TYPE_CODE.text;
  const numberOf = ({ value, flag }: Row) => (type === TYPE_CODE.boolean ? Number(flag) : Number(value));
  const texts = isText
    ? rows.map(({ text }) => original(String(text)))
    : type === TYPE_CODE.integer
      ? rows.map(({ exact }) => String(exact))
      : [];
  return {
    type,
    times: Float64Array.from(rows, ({ time }) => microsOf(time)),
    offsets: Float64Array.from(rows, ({ position }) => Number(position)),
    ordinals: Uint16Array.from(rows, ({ ordinal }) => Number(ordinal)),
    numbers: isText ? new Float64Array(0) : Float64Array.from(rows, numberOf),
    texts,
  };
}
