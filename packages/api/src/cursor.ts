import { invalidRequest } from './errors.ts';

const VERSION = 'v1.';

/** The opaque text of a place in a list of `kind`; parts are plain JSON values. */
export function writeCursor(kind: string, parts: readonly (string | number)[]): string {
  return VERSION + Buffer.from(JSON.stringify([kind, ...parts])).toString('base64url');
}

/** The parts of a cursor of `kind` whose types are `shape`. Fails with `invalid-request` for anything else. */
export function readCursor(kind: string, cursor: string, shape: readonly ('string' | 'number')[]): unknown[] {
  const parts = cursor.startsWith(VERSION) ? parseArray(cursor.slice(VERSION.length)) : undefined;
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

function parseArray(base64: string): unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(base64, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : undefined;
  } catch {
    return undefined; // the caller refuses it with the pointer
  }
}
