import { makeOpaque, readOpaque } from '@skerry/kernel';
import { invalidRequest } from './errors.ts';

const VERSION = 1;

/** The opaque text of a place in a list of `kind`. */
export function writeCursor(kind: string, parts: readonly (string | number)[]): string {
  return makeOpaque(VERSION, [kind, ...parts]);
}

/** The parts of a cursor of `kind` whose types are `shape`. Fails with `invalid-request` for anything else. */
export function readCursor(
  kind: string,
  cursor: string,
  shape: readonly ('string' | 'number')[],
): readonly (string | number)[] {
  const parts = readOpaque(VERSION, cursor);
  const isFit =
    parts !== undefined &&
    parts[0] === kind &&
    parts.length === shape.length + 1 &&
    shape.every((type, index) => typeof parts[index + 1] === type);
  if (!isFit) {
    throw invalidRequest({ in: 'query', pointer: '#/cursor', detail: 'is not a cursor of this list' });
  }
  return parts.slice(1);
}
