import { readFileSync } from 'node:fs';

/** The bytes of a file; undefined when there is none. */
export function readBytes(path) {
  try {
    return readFileSync(path);
  } catch (cause) {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}

/** The text of a file; undefined when there is none. */
export function readText(path) {
  return readBytes(path)?.toString('utf8');
}
