import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';

/** Builds that stay beside the newest however long ago they were used: of processes that are not seen from here. */
const KEPT = 2;
/** Builds that stay for a week; of more than these, such as of an hour of work on the sources, those of the last hour. */
const KEPT_LATELY = 20;
const LATELY_MS = 7 * 86_400_000;
const JUST_NOW_MS = 3_600_000;

/**
 * Removes builds in `folder` that nobody needs. Processes load parts of theirs late, so a build stays while a process runs
 * it, for a week after it was last used (for an hour where 20 others were used after it), and while fewer than two others
 * beside `newest` were used after it. What cannot be removed stays. Wants the lock of the set-up.
 */
export function removeOldBuilds(folder, newest) {
  const builds = readdirSync(folder)
    .filter((name) => /^[0-9a-f]{16}(\.\d+)?$/.test(name) && name !== newest)
    .map((name) => ({ name, usedMs: usedMs(join(folder, name)) }))
    .sort((a, b) => b.usedMs - a.usedMs);
  const whole = builds.filter(({ name }) => !name.includes('.'));
  const isIdle = ({ usedMs }, forMs) => Date.now() - usedMs > forMs;
  const halves = builds.filter((one) => one.name.includes('.') && isIdle(one, JUST_NOW_MS));
  const old = whole.filter((one, i) => i >= KEPT && isIdle(one, i < KEPT_LATELY ? LATELY_MS : JUST_NOW_MS));
  if (halves.length + old.length === 0) return;
  const lines = commandLines();
  const needless = old.filter(({ name }) => !lines.includes(`${sep}${name}${sep}`));
  for (const build of [...halves, ...needless]) remove(folder, build);
}

/** Away at once, so that nobody finds it by half; put back when it was used just then. False for what cannot be removed. */
function remove(folder, build) {
  const path = join(folder, build.name);
  const aside = build.name.includes('.') ? path : `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (usedMs(aside) === build.usedMs) rmSync(aside, { recursive: true, force: true });
    else renameSync(aside, path);
    return true;
  } catch {
    return false; // of another user: it costs space and nothing else
  }
}

function usedMs(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** The command lines of all processes that are seen from here. */
function commandLines() {
  if (!existsSync('/proc/self/cmdline')) {
    return String(spawnSync('ps', ['-axww', '-o', 'args='], { encoding: 'utf8' }).stdout);
  }
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(commandLine)
    .join('\n');
}

function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return ''; // it has ended, or it is not for this user to see
  }
}
