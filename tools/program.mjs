import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { plainError } from './plain-error.mjs';
import { alone } from './set-up-lock.mjs';

/** Where builds of the program lie, each in a folder by the hash of what it was made of. */
const BUILT = join('packages', 'cli', 'built');
/** Builds that stay beside the newest: processes that were started from them load parts of them later. */
const KEPT = 2;

/**
 * The file to be run, built of the sources as they are now: nothing is done when they are those of a build that is there.
 * Fails with a plain error where it cannot be built.
 */
export function ensureProgram(root, node) {
  const sources = sourcesOf(root);
  const glance = hashOfAll(sources, (path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    return `${size} ${mtimeMs}`;
  });
  const known = readNote(root);
  const found = known?.glance === glance ? mainOf(root, known.hash) : undefined;
  if (found) return found;
  const hash = hashOfAll(sources, (path) => readFileSync(join(root, path)));
  if (!mainOf(root, hash)) build(root, node, hash);
  try {
    writeFileSync(join(root, BUILT, 'newest.json'), JSON.stringify({ glance, hash }));
  } catch (cause) {
    // who may not write here looks at every source the next time again
    if (cause.code !== 'EACCES' && cause.code !== 'EROFS') throw cause;
  }
  return mainOf(root, hash);
}

function build(root, node, hash) {
  alone(root, () => {
    if (mainOf(root, hash)) return;
    process.stderr.write('Building the program…\n');
    const words = [join(root, 'tools', 'build-program.mjs'), join(root, BUILT, hash)];
    const end = spawnSync(node, words, { cwd: root, encoding: 'utf8' });
    const said = end.error?.message ?? end.stderr;
    if (end.status !== 0) throw plainError(`The program could not be built in ${join(root, BUILT)}: ${said}`);
    removeOld(root, hash);
  });
}

function removeOld(root, newest) {
  const folder = join(root, BUILT);
  const old = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== newest)
    .map(({ name }) => ({ name, atMs: statSync(join(folder, name)).mtimeMs }))
    .sort((a, b) => b.atMs - a.atMs);
  for (const { name } of old.slice(KEPT)) rmSync(join(folder, name), { recursive: true, force: true });
}

function mainOf(root, hash) {
  const path = join(root, BUILT, String(hash), 'main.mjs');
  return existsSync(path) ? path : undefined;
}

function readNote(root) {
  try {
    return JSON.parse(readFileSync(join(root, BUILT, 'newest.json'), 'utf8'));
  } catch {
    return undefined; // none yet, or one that is being written
  }
}

/** Everything that a build is made of. */
function sourcesOf(root) {
  const packages = join(root, 'packages');
  const own = readdirSync(packages)
    .filter((name) => name !== 'console' && existsSync(join(packages, name, 'src')))
    .flatMap((name) => [
      join('packages', name, 'package.json'),
      ...readdirSync(join(packages, name, 'src'), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
        .map((entry) =>
          join(
            'packages',
            name,
            'src',
            join(entry.parentPath, entry.name).slice(join(packages, name, 'src').length),
          ),
        ),
    ]);
  return ['package-lock.json', join('tools', 'build-program.mjs'), ...own].sort();
}

function hashOfAll(paths, partOf) {
  const hash = createHash('sha256');
  for (const path of paths) {
    const part = partOf(path);
    hash.update(`${path}\0${part.length}\0`).update(part);
  }
  return hash.digest('hex').slice(0, 16);
}
