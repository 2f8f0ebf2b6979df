import { readFileSync } from 'node:fs';

/** The text of a file; undefined when there is none. */
export function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}
