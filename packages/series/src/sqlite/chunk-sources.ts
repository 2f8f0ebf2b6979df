import { boundedSum } from '../bounded-sum.ts';
import type { ChunkPoints } from '../chunk-points.ts';
import { TYPE_CODE } from '../head.ts';
import { blockOf, packKey, pickSeries } from '../pack.ts';
import type { PointSource } from '../point-source.ts';
import { readChunk } from './chunk-rows.ts';
import type { DayFile } from './day-file.ts';
import type { Row, Snapshot } from './store-file.ts';

const FIND =
  'SELECT id, type, seal, n, t0, t1, min, max, first, last, sum FROM chunks WHERE series = ? AND t0 < ? AND t1 >= ? AND seal > ?';

/** Chunks of a series, and packs of its block, in a snapshot that touch [from, to), those above `sealAbove` only, as sources. */
export function chunkSources(
  file: DayFile,
  snapshot: Snapshot,
  series: number,
  fromMicros: number,
  toMicros: number,
  sealAbove: number,
): PointSource[] {
  const rowsOf = (key: number) => snapshot.all(FIND, key, toMicros, fromMicros, sealAbove);
  return [
    ...rowsOf(series).map((row) => sourceOfRow(file.path, snapshot, row)),
    ...rowsOf(packKey(blockOf(series))).map((row) => sourceInPack(file, snapshot, row, series)),
  ];
}

/** What a pack holds of a series, which may be nothing: its bounds are those of all its points. */
function sourceInPack(file: DayFile, snapshot: Snapshot, row: Row, series: number): PointSource {
  const place = { id: Number(row.id), key: packKey(blockOf(series)), seal: Number(row.seal) };
  const body = () => snapshot.get('SELECT body FROM chunks WHERE id = ?', place.id)?.body;
  return {
    type: TYPE_CODE.number,
    t0: Number(row.t0),
    t1: Number(row.t1),
    stats: undefined,
    read: () => pickSeries(file.packs.get(file.path, place, body), series) ?? NO_POINTS,
  };
}

const NO_POINTS: ChunkPoints = {
  type: TYPE_CODE.number,
  times: new Float64Array(0),
  offsets: new Float64Array(0),
  ordinals: new Uint16Array(0),
  numbers: new Float64Array(0),
  texts: [],
};

function sourceOfRow(path: string, snapshot: Snapshot, row: Row): PointSource {
  const id = Number(row.id);
  return {
    type: Number(row.type),
    t0: Number(row.t0),
    t1: Number(row.t1),
    stats:
      row.sum === null
        ? undefined
        : {
            count: Number(row.n),
            min: Number(row.min),
            max: Number(row.max),
            sum: boundedSum(Number(row.sum)),
            first: Number(row.first),
            last: Number(row.last),
          },
    read: (scratch) =>
      readChunk(path, snapshot.get('SELECT body FROM chunks WHERE id = ?', id)?.body, scratch),
  };
}
