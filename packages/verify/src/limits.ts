import type { LimitTable } from '@skerry/kernel';

/** Limits of the verifier. */
export const LIMITS = {
  findingsMax: {
    value: 100,
    unit: 'count',
    what: 'Findings of one verdict that a report lists.',
    whenFull: 'Further ones are counted only.',
  },
  ledgerReadBytes: {
    value: 4 * 2 ** 20,
    unit: 'bytes',
    what: "Bytes of a sender's ledger that are read at once.",
    whenFull: 'The rest is read afterwards.',
  },
  inflatedBytesMax: {
    value: 64 * 2 ** 20,
    unit: 'bytes',
    what: 'Bytes that a chunk of the store may have before compression.',
    whenFull: 'The chunk is reported as damaged.',
  },
} as const satisfies LimitTable;
