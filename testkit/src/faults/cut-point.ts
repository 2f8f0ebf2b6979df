/** Which way bytes go through a proxy. */
export type Direction = 'to-server' | 'to-client';

/** What is to be done with a piece of a connection's bytes: how many of them pass, and whether it is cut then. */
export interface CutVerdict {
  /** Bytes that still pass. */
  readonly passes: number;
  /** `now`: as soon as these have passed. `at-answer`: as soon as the server has said something more, which is lost. */
  readonly cut?: 'now' | 'at-answer';
}

/** Watches the bytes of all connections for the place at which one of them is cut. */
export interface CutPoint {
  /** Judges a piece. `connection` stands for the connection, whatever it is. */
  judge(connection: object, direction: Direction, piece: Buffer): CutVerdict;
}

/** Cuts when so many bytes have passed in one direction, of all connections together. */
export function afterBytes(direction: Direction, bytes: number): CutPoint {
  let left = bytes;
  return {
    judge(_, way, piece) {
      if (way !== direction) return { passes: piece.byteLength };
      const passes = Math.min(left, piece.byteLength);
      left -= passes;
      return left === 0 ? { passes, cut: 'now' } : { passes };
    },
  };
}

/**
 * Cuts when a pattern comes from a client for the nth time on any one connection, or again where that one was not cut:
 * `before` the piece that completes it passes, or once it has passed and the server has `answered`. A pattern that comes
 * in two pieces is found.
 */
export function atPattern(pattern: Buffer, when: 'before' | 'answered', nth: number): CutPoint {
  const ends = new WeakMap<object, { tail: Buffer; seen: number }>();
  return {
    judge(connection, direction, piece) {
      const passes = piece.byteLength;
      if (direction === 'to-client') return { passes };
      const end = ends.get(connection) ?? { tail: Buffer.alloc(0), seen: 0 };
      const text = Buffer.concat([end.tail, piece]);
      let searched = 0;
      let isCut = false;
      for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, searched)) {
        end.seen += 1;
        isCut ||= end.seen >= nth;
        searched = at + pattern.byteLength;
      }
      end.tail = Buffer.from(text.subarray(Math.max(searched, text.byteLength - pattern.byteLength + 1)));
      ends.set(connection, end);
      if (isCut) return when === 'before' ? { passes: 0, cut: 'now' } : { passes, cut: 'at-answer' };
      return { passes };
    },
  };
}
