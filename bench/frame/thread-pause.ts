import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { threadsOf } from './process-figures.ts';

// A signal stops a whole process; a tracer stops one thread. When this script ends, the thread goes on.
const TRACER = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
thread = int(sys.argv[1])
for request in (0x4206, 0x4207): # PTRACE_SEIZE, PTRACE_INTERRUPT
    if libc.ptrace(request, thread, None, None) != 0:
        sys.exit("ptrace %#x of thread %d: %s" % (request, thread, os.strerror(ctypes.get_errno())))
os.waitpid(thread, 0x40000000) # __WALL
print("paused", flush=True)
sys.stdin.read()
`;

/** A thread that stands still until disposed. */
export type PausedThread = AsyncDisposable;

/** Why no thread can be stopped here; undefined when one can. */
export function whyNoPause(): string | undefined {
  return python() === undefined ? 'no python3 with ctypes, by which one thread is stopped' : undefined;
}

/**
 * Stops one thread of a running process by ptrace: everything else of the process goes on, unchanged. To be called
 * while the thread waits for work, so that it holds no lock. Fails with a plain error when it cannot.
 */
export async function pauseThread(pid: number, name: string): Promise<PausedThread> {
  const threads = threadsOf(pid);
  const thread = threads.get(name);
  if (thread === undefined)
    throw new TypeError(
      `Process ${pid} has no thread named ${name}; it has ${[...threads.keys()].join(', ')}.`,
    );
  const child = spawn(python() ?? 'python3', ['-c', TRACER, String(thread)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const [first] = await Promise.race([once(child.stdout, 'data'), ended]);
  if (String(first).trim() !== 'paused') throw new TypeError(`Stopping thread ${name} of ${pid} failed.`);
  return {
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

function python(): string | undefined {
  return ['/usr/bin/python3', 'python3'].find(
    (path) => spawnSync(path, ['-c', 'import ctypes'], { stdio: 'ignore' }).status === 0,
  );
}
