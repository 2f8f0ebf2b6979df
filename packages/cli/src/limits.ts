import type { LimitTable } from '@skerry/kernel';

/** Limits of the command line and of the processes it starts. */
export const LIMITS = {
  syncFailuresMax: {
    value: 3,
    unit: 'count',
    what: 'Ends of the server in a row because the disk refused to make bytes durable.',
    whenFull: 'The server comes up read-only and says why, until `skerry up` is started anew.',
  },
} as const satisfies LimitTable;
