import type { Operation } from '../../operation.ts';

/** What can be asked of this room. */
export const OVERVIEW_OPERATIONS = {
  getOverview: {
    method: 'GET',
    path: '/api/v1/overview',
    tag: 'Overview',
    summary: 'Rates, delay, backlog and ledger now',
    answer: 'Overview',
    faults: [],
    may: 'platform:read',
  },
  getOverviewHistory: {
    method: 'GET',
    path: '/api/v1/overview/history',
    tag: 'Overview',
    summary: 'The same figures over the last minutes, a sample a second',
    answer: 'OverviewHistory',
    faults: [],
    may: 'platform:read',
  },
} as const satisfies Readonly<Record<string, Operation>>;
