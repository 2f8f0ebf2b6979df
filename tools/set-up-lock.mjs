import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { plainError } from './plain-error.mjs';
import { processStat } from './process-stat.mjs';

const LOCK = 'set-up.lock';
const LOOK_MS = 50;
const QUIET_MS = 2_000;
/** For so long a holder is believed of which this machine cannot tell whether it lives: one of another container, say. */
const BELIEVED_MS = 600_000;

/**
 * Runs `work` while no other set-up of the same repository does, and gives what it gives. Who waits for more than 2 s
 * says for whom. Fails with a plain error where nothing can be written.
 *
 * The lock is a folder with one empty file, whose name tells the holder. It is made aside and renamed, which the system
 * refuses while there is one that is not empty: so it is never there by half. A dead holder's file is removed by its
 * name, so that nobody ever removes the lock of another one.
 */
export function alone(root, work) {
  const folder = join(root, 'packages', 'cli', 'built');
  const lock = join(folder, LOCK);
  const own = nameOf(process.pid);
  const aside = `${lock}.${own}`;
  try {
    makeFolder(folder);
    rmSync(aside, { recursive: true, force: true });
    mkdirSync(aside, { mode: 0o755 });
    writeFileSync(join(aside, own), '');
    take(root, lock, aside);
    utimesSync(join(lock, own), new Date(), new Date());
    removeLeft(folder);
  } catch (cause) {
    throw cause.syscall === undefined ? cause : unwritable(folder, cause);
  }
  try {
    return work();
  } finally {
    rmSync(join(lock, own), { force: true });
    removeEmpty(lock);
  }
}

function makeFolder(folder) {
  try {
    // of a file system that is only read `recursive` says ENOENT
    mkdirSync(folder, { recursive: !existsSync(dirname(folder)) });
  } catch (cause) {
    if (cause.code !== 'EEXIST') throw cause;
  }
}

function take(root, lock, aside) {
  const sinceMs = performance.now();
  let hasSaid = false;
  while (!isRenamed(aside, lock)) {
    const holder = holderOf(lock);
    if (holder && isGone(holder)) rmSync(join(lock, holder.name), { force: true });
    else if (holder && !hasSaid && performance.now() - sinceMs > QUIET_MS) {
      hasSaid = true;
      process.stderr.write(
        `Waiting for process ${holder.name.split('-')[0]}, which sets up ${root} since ${new Date(holder.atMs).toISOString()} ` +
          `(should there be none, remove ${lock})…\n`,
      );
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
  }
}

function isRenamed(aside, lock) {
  try {
    renameSync(aside, lock);
    return true;
  } catch (cause) {
    if (cause.code === 'ENOTEMPTY' || cause.code === 'EEXIST') return false;
    throw cause;
  }
}

/** Who has the lock, and since when; undefined when it was given back just now. */
function holderOf(lock) {
  try {
    const [name] = readdirSync(lock);
    return name === undefined ? undefined : { name, atMs: statSync(join(lock, name)).mtimeMs };
  } catch (cause) {
    if (cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}

/** Process, its start and its place: together they are never those of another process. */
function nameOf(pid) {
  return `${pid}-${processStat(pid)?.start ?? 'unknown'}-${placeHere()}`;
}

function isGone({ name, atMs }) {
  const [pid, start, place] = name.split('-');
  const isOld = Date.now() - atMs > BELIEVED_MS;
  if (place !== placeHere()) return isOld;
  if (!isAlive(Number(pid))) return true;
  const found = processStat(pid);
  if (!found || start === 'unknown') return isOld;
  return found.start !== start || found.state === 'Z';
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause.code === 'EPERM';
  }
}

/** Machine and, on Linux, namespace of process ids: where both are the same a process id means the same. */
function placeHere() {
  return createHash('sha256').update(`${hostname()} ${spaceOfIds()}`).digest('hex').slice(0, 8);
}

function spaceOfIds() {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return ''; // not on Linux: one of the machine
  }
}

/** What was made aside by those that were killed while they waited. */
function removeLeft(folder) {
  for (const entry of readdirSync(folder)) {
    if (!entry.startsWith(`${LOCK}.`)) continue;
    const { mtimeMs: atMs } = statSync(join(folder, entry), { throwIfNoEntry: false }) ?? {};
    if (atMs !== undefined && isGone({ name: entry.slice(LOCK.length + 1), atMs }))
      rmSync(join(folder, entry), { recursive: true, force: true });
  }
}

function removeEmpty(lock) {
  try {
    rmdirSync(lock);
  } catch (cause) {
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(cause.code)) throw cause; // the next one has it already
  }
}

function unwritable(folder, cause) {
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid;
  const whose = owner === undefined ? '' : `, the folder is of user ${owner}`;
  return plainError(
    `The dependencies or the program are to be set up, and ${folder} cannot be written (${cause.code}; this is user ` +
      `${process.geteuid?.()}${whose}): run "npx skerry --version" once as the owner of the repository, where it can be written.`,
  );
}
