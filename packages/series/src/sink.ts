import type { SeriesKey } from '@skerry/model';
import type { HeadView } from './head.ts';

/** Points that a further store is to take, and the names of their series by the ids of the head. */
export interface SinkPoints {
  readonly view: HeadView;
  /** Rows with which another seal begins, ascending; absent when all are of one. */
  readonly seals?: readonly number[];
  /** Which rows are to be written, where not all are: the others only tell these apart. */
  isWanted?(row: number): boolean;
  nameOf(series: number): SeriesKey | undefined;
}

/** Points on their way into a sink: their own memory, so that the head may be used again. */
export interface PreparedPoints {
  readonly points: number;
  /** What they take in memory, about. */
  readonly bytes: number;
}

/** A point that a sink will never take; nothing else is lost with it. */
export interface SinkRefusal {
  /** Offset of its record in the journal, and its ordinal there. */
  readonly offset: number;
  readonly ordinal: number;
  /** As it was to be written. */
  readonly line: string;
  /** What the sink said. */
  readonly reason: string;
}

/** What keeps a sink from taking points, in words; undefined while nothing does. */
export interface SinkTrouble {
  readonly code: string;
  readonly detail: string;
}

/**
 * A further store of points, fed from the seals of a primary store in order, after their commit. It takes a point again
 * without harm: a repeat has the same identity. What it has taken is kept by the primary (`SinkBook`).
 */
export interface PointSink<P extends PreparedPoints = PreparedPoints> extends AsyncDisposable {
  readonly name: string;
  readonly trouble: SinkTrouble | undefined;
  /** Copies points out of a head, while the caller waits. All points of a record come together. */
  prepare(points: SinkPoints): P;
  /**
   * Resolves when they are in the sink, all but those that it refuses for good. Tries again for as long as it takes: a
   * sink that is away, busy or refuses the user is `trouble`. Fails only when `signal` is aborted.
   */
  write(prepared: readonly P[], signal: AbortSignal): Promise<SinkRefusal[]>;
}

/** Committed points of one or more seals that follow each other. */
export interface SinkPage {
  /** The last of them. */
  readonly seal: number;
  /** Points of whole seals, in the order of their records. */
  readonly points: SinkPoints;
  /** Seals before these that retention has removed. */
  readonly missed: number;
}

/** What a sink has taken of a source, kept in the primary store, and what comes after it. */
export interface SinkBook {
  /** The last seal that the sink has, of this source; 0 before the first. */
  readonly seal: number;
  /** Reads what was committed after `seal`, as much as the limits allow; undefined when there is nothing. */
  readAfter(seal: number): Promise<SinkPage | undefined>;
  /** Keeps that the sink has everything up to `seal`. An older one changes nothing. */
  advance(step: SinkStep): Promise<void>;
}

/** What a sink took in one go. */
export interface SinkStep {
  readonly seal: number;
  readonly points: number;
  readonly missed: number;
  readonly refusals: readonly SinkRefusal[];
}
