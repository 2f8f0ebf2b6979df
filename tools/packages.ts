import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The folder of the repository. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Names of the packages, sorted. */
export function packageNames(): string[] {
  return readdirSync(join(ROOT, 'packages')).sort();
}

/** Loads `packages/<name>/src/<file>`; undefined where the package has none. */
export async function loadFrom(name: string, file: string): Promise<Record<string, unknown> | undefined> {
  const path = join(ROOT, 'packages', name, 'src', file);
  if (!existsSync(path)) return undefined;
  return await import(pathToFileURL(path).href);
}
