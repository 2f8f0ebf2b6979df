import { renameSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Where the repository keeps what was brought or made once; it can be removed at any time. */
export const CACHE_FOLDER = fileURLToPath(new URL('../../../node_modules/.cache/skerry', import.meta.url));

/** Gives a folder that is complete its name; where another process was first, that one's stays. */
export function keepFolder(complete: string, name: string): void {
  try {
    renameSync(complete, name);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw cause;
  }
}
