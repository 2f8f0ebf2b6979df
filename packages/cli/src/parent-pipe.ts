import { readFileSync } from 'node:fs';
import { Socket } from 'node:net';

const LOOK_MS = 250;
const GRACE_MS = 10_000;

/**
 * Ends this process, as by SIGTERM and after 10 s by SIGKILL, which nothing can hold up, when the process that it was started for
 * has ended: when the pipe numbered SKERRY_PARENT_FD closes, or when a link of SKERRY_PARENT_CHAIN (process ids from
 * child to ancestor, joined by `>`) is broken. Both variables are taken out of the environment, so children of this
 * process do not see them. Without them it does nothing. Does not keep the process alive.
 */
export function exitWhenParentEnds(): void {
  const { SKERRY_PARENT_FD: pipe, SKERRY_PARENT_CHAIN: chain } = process.env;
  delete process.env.SKERRY_PARENT_FD;
  delete process.env.SKERRY_PARENT_CHAIN;
  if (pipe !== undefined) watchPipe(Number(pipe));
  if (chain !== undefined) watchChain(chain.split('>').map(Number));
}

function watchPipe(fd: number): void {
  const pipe = new Socket({ fd, readable: true, writable: false });
  pipe.once('close', end);
  pipe.on('error', () => undefined); // 'close' follows
  pipe.resume().unref();
}

function watchChain(chain: readonly number[]): void {
  const timer = setInterval(() => {
    if (isWhole(chain)) return;
    clearInterval(timer);
    end();
  }, LOOK_MS);
  timer.unref();
}

function isWhole(chain: readonly number[]): boolean {
  return chain.slice(1).every((parent, index) => {
    const pid = Number(chain[index]);
    if (pid === process.pid) return process.ppid === parent;
    return process.platform !== 'linux' || parentOf(pid) === parent; // only Linux tells of other processes
  });
}

/** The parent's id; undefined when the process is gone. */
function parentOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ESRCH')) {
      return undefined;
    }
    throw cause;
  }
}

function end(): void {
  // an exit waits for reads that block in the thread pool
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), GRACE_MS).unref();
  process.kill(process.pid, 'SIGTERM');
}
