import type { LimitTable } from './limit.ts';

/** Limits of the kernel's ports. */
export const LIMITS = {
  timerDelayMsMax: {
    value: 2 ** 31 - 1,
    unit: 'ms',
    what: 'Delay of one timer of the runtime.',
    whenFull: 'The clock arms the timer again for the rest.',
  },
  netHighWaterBytes: {
    value: 256 * 1024,
    unit: 'bytes',
    what: 'Output buffered for one connection before its writer is asked to wait.',
    whenFull: '`write` returns false and the owner waits for `onDrain`.',
  },
  netBacklogMax: {
    value: 4096,
    unit: 'count',
    what: 'Connections that wait to be accepted by one listener; the operating system may allow fewer.',
    whenFull: 'The operating system lets further connection attempts wait or time out.',
  },
  childLineBytesMax: {
    value: 64 * 1024,
    unit: 'bytes',
    what: "One line of a child process's output.",
    whenFull: 'The line is cut into pieces of that size.',
  },
  childStopMs: {
    value: 5_000,
    unit: 'ms',
    what: 'Time between SIGTERM and SIGKILL when a child process is disposed of.',
    whenFull: 'The child is killed.',
  },
} as const satisfies LimitTable;
