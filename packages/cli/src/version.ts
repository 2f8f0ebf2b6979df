import { readFileSync } from 'node:fs';
import { OWN_FOLDER } from './own-place.ts';

/** Version of Skerry, from the package. */
export const VERSION: string = (
  JSON.parse(readFileSync(new URL('package.json', OWN_FOLDER), 'utf8')) as { version: string }
).version; // our own package.json
