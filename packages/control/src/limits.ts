import type { LimitTable } from '@skerry/kernel';

/** Limits of leases. */
export const LIMITS = {
  leaseMs: {
    value: 15_000,
    unit: 'ms',
    what: 'Time after which a lease that is not renewed is free again; renewed three times as often.',
    whenFull: 'The holder that could not renew it gives it up, and another takes it.',
  },
  slotsMax: {
    value: 10_000,
    unit: 'count',
    what: 'Numbers of one group.',
    whenFull: 'Claiming fails with `leases-refused`.',
  },
} as const satisfies LimitTable;
