import type { ChunkScratch } from './chunk.ts';
import type { ChunkPoints } from './chunk-points.ts';

/** Stored or unsealed points of one series and type that a query may need; read when it does. */
export interface PointSource {
  readonly type: number;
  /** Bounds of its event times, both inclusive; those of a chunk are its first and last. */
  readonly t0: number;
  readonly t1: number;
  /** Sums over all of its points, where they are known without reading them. */
  readonly stats: PointStats | undefined;
  /** The points, sorted; in `scratch` where it is given, until it is used again. */
  read(scratch?: ChunkScratch): ChunkPoints;
}

/** What a chunk's row tells of its points without decoding. */
export interface PointStats {
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly first: number;
  readonly last: number;
}

/** Points in memory as a source. */
export function sourceOf(points: ChunkPoints): PointSource {
  return {
    type: points.type,
    t0: Number(points.times[0]),
    t1: Number(points.times[points.times.length - 1]),
    stats: undefined,
    read: () => points,
  };
}
