import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { removeOldBuilds } from './old-builds.mjs';
import { plainError } from './plain-error.mjs';
import { readBytes, readText } from './read-text.mjs';
import { alone } from './set-up-lock.mjs';
import { digestOf, filesUnder } from './source-files.mjs';

/** Where builds of the program lie, each in a folder by the hash of what it was made of. */
const BUILT = join('packages', 'cli', 'built');
/** So often it is built anew when a source changed meanwhile. */
const TRIES = 3;

/**
 * The file to be run, built of the sources as they are now: nothing is done when they are those of a build that is there.
 * Fails with a plain error where it cannot be built.
 */
export function ensureProgram(root, node) {
  const glance = glanceAt(root);
  const known = readNote(root);
  const found = known?.glance === glance ? use(root, known.hash) : undefined;
  if (found) return found;
  const hash = hashOfSources(root);
  const main = use(root, hash);
  if (!main) return alone(root, () => build(root, node));
  writeNote(root, { glance, hash });
  return main;
}

/** The sources may change until the lock is held, and while they are read: what is built has the name of what was read. */
function build(root, node) {
  for (let i = 0; i < TRIES; i += 1) {
    const state = { glance: glanceAt(root), hash: hashOfSources(root) };
    const found = use(root, state.hash);
    if (found) return found;
    if (i === 0) process.stderr.write('Building the program…\n');
    const folder = join(root, BUILT, state.hash);
    const aside = `${folder}.${process.pid}`;
    const fault = faultOfBuild(root, node, aside);
    const isSame = glanceAt(root) === state.glance && hashOfSources(root) === state.hash;
    if (isSame && fault === undefined) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(aside, folder);
      writeNote(root, state);
      removeOldBuilds(join(root, BUILT), state.hash);
      return use(root, state.hash);
    }
    rmSync(aside, { recursive: true, force: true });
    if (isSame) throw plainError(`The program could not be built in ${join(root, BUILT)}: ${fault}`);
  }
  throw plainError(
    `The program could not be built: its sources changed while it was built, ${TRIES} times in a row. Try again when nothing writes under ${join(root, 'packages')}.`,
  );
}

function faultOfBuild(root, node, folder) {
  const words = [join(root, 'tools', 'build-program.mjs'), folder];
  const end = spawnSync(node, words, { cwd: root, encoding: 'utf8' });
  return end.status === 0 ? undefined : (end.error?.message ?? end.stderr.trimEnd());
}

/** The file of a build that is there, which counts as used from now on. */
function use(root, hash) {
  const folder = join(root, BUILT, String(hash));
  try {
    utimesSync(folder, new Date(), new Date());
  } catch (cause) {
    if (cause.code === 'ENOENT') return undefined;
    // of another user, or on a file system that is only read: nothing of this user's removes it
  }
  const path = join(folder, 'main.mjs');
  return existsSync(path) ? path : undefined;
}

function readNote(root) {
  try {
    return JSON.parse(readText(join(root, BUILT, 'newest.json')));
  } catch {
    return undefined; // none yet, or one that is being written
  }
}

function writeNote(root, note) {
  try {
    writeFileSync(join(root, BUILT, 'newest.json'), JSON.stringify(note));
    return true;
  } catch {
    return false; // no right, no space: the next start reads every source again
  }
}

function glanceAt(root) {
  return hashOfAll(root, (path) => {
    const found = statSync(path, { throwIfNoEntry: false });
    return found && `${found.size} ${found.mtimeMs}`;
  });
}

function hashOfSources(root) {
  return hashOfAll(root, readBytes).slice(0, 16);
}

function hashOfAll(root, partOf) {
  return digestOf(sourcesOf(root), (path) => partOf(join(root, path)));
}

/** Everything that a build is made of. */
function sourcesOf(root) {
  const own = readdirSync(join(root, 'packages'))
    .sort()
    .filter((name) => name !== 'console' && existsSync(join(root, 'packages', name, 'src')))
    .flatMap((name) => [
      join('packages', name, 'package.json'),
      ...filesUnder(root, join('packages', name, 'src')).filter(isSource),
    ]);
  return ['package-lock.json', join('tools', 'build-program.mjs'), ...own];
}

/** Neither a test nor what an editor keeps beside a file. */
function isSource(path) {
  return !path.endsWith('.test.ts') && !basename(path).startsWith('.');
}
