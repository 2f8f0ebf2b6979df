import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** Signals that are sent to engines. */
export type EngineSignal = 'SIGKILL' | 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'SIGSTOP' | 'SIGCONT';

interface Standing {
  readonly parent: number;
  readonly state: string;
}

const LOOK_MS = 2;

/** Sends a signal to one process; a process that is gone already is none of its concern. */
export function signalProcess(pid: number, name: EngineSignal): void {
  try {
    process.kill(pid, name);
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')) throw cause;
  }
}

/** Whether a process runs or stands stopped; one that has ended and was not reaped does not. */
export function isRunning(pid: number): boolean {
  const state = standingOf(pid)?.state;
  return state !== undefined && !'ZX'.includes(state);
}

/** A process and all that descend from it, parents first; only those that run. */
export function treeOf(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of processIds()) {
    const standing = standingOf(pid);
    if (!standing || 'ZX'.includes(standing.state)) continue;
    const siblings = children.get(standing.parent) ?? [];
    siblings.push(pid);
    children.set(standing.parent, siblings);
  }
  const tree = isRunning(root) ? [root] : [];
  for (const pid of tree) tree.push(...(children.get(pid) ?? []));
  return tree;
}

/** Processes whose working folder is a folder or lies in it. */
export function processesIn(folder: string): number[] {
  return processIds().filter((pid) => {
    const place = folderOf(pid);
    return place === folder || place?.startsWith(`${folder}/`);
  });
}

/** SIGKILL to a process and all that descend from it; gives their ids, which may still be ending. */
export function killTree(root: number): number[] {
  signalProcess(root, 'SIGSTOP'); // so that it starts no further one while they are listed
  const tree = treeOf(root);
  for (const pid of tree) signalProcess(pid, 'SIGKILL');
  return tree;
}

/** Resolves when none of the processes runs. */
export async function haveEnded(pids: readonly number[]): Promise<void> {
  while (pids.some(isRunning)) await pause(LOOK_MS);
}

/** SIGSTOP to a process and all that descend from it; resolves when every one stands. */
export async function freezeTree(root: number): Promise<void> {
  for (;;) {
    const moving = treeOf(root).filter((pid) => standingOf(pid)?.state !== 'T');
    if (moving.length === 0) return;
    for (const pid of moving) signalProcess(pid, 'SIGSTOP');
    await pause(LOOK_MS);
  }
}

/** SIGCONT to a process and all that descend from it. */
export function thawTree(root: number): void {
  for (const pid of treeOf(root).reverse()) signalProcess(pid, 'SIGCONT');
}

function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

/** What the system tells of a process; undefined when there is none. */
function standingOf(pid: number): Standing | undefined {
  const stat = unlessGone(() => readFileSync(`/proc/${pid}/stat`, 'latin1'));
  if (stat === undefined) return undefined;
  const [state = '', parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent) };
}

function folderOf(pid: number): string | undefined {
  return unlessGone(() => readlinkSync(`/proc/${pid}/cwd`));
}

/** What is read of a process; undefined when it is gone or another user's. */
function unlessGone(read: () => string): string | undefined {
  try {
    return read();
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES') return undefined;
    throw cause;
  }
}
