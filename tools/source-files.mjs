import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Paths inside `folder` of the files under `name`, in a fixed order; none where there is nothing. Links are followed. */
export function filesUnder(folder, name) {
  const found = statSync(join(folder, name), { throwIfNoEntry: false });
  if (found?.isFile()) return [name];
  return found?.isDirectory() ? filesIn(folder, name) : [];
}

function filesIn(folder, name) {
  return readdirSync(join(folder, name), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(name, entry.name);
      if (entry.isFile()) return [path];
      return entry.isDirectory() ? filesIn(folder, path) : filesUnder(folder, path);
    });
}

/** A digest over paths and what `partOf` gives for each: text or bytes, or undefined for one that is gone. */
export function digestOf(paths, partOf) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const part = partOf(path);
    if (part !== undefined) hash.update(`${path}\0${part.length}\0`).update(part);
  }
  return hash.digest('hex');
}
