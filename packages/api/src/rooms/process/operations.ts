import type { Operation } from '../../operation.ts';

/** What can be asked of this room. */
export const PROCESS_OPERATIONS = {
  getHealth: {
    method: 'GET',
    path: '/health',
    tag: 'Process',
    summary: 'Whether the process answers',
    answer: 'Health',
    faults: [],
    may: 'open',
  },
  getReadiness: {
    method: 'GET',
    path: '/ready',
    tag: 'Process',
    summary: 'Whether messages are taken and shown; 503 with the reasons when not',
    answer: 'Readiness',
    faults: [],
    may: 'open',
  },
  getMetrics: {
    method: 'GET',
    path: '/metrics',
    tag: 'Process',
    summary: 'Metrics of the whole node in the text format of Prometheus',
    description:
      'For those who may read everything. On loopback it is open without credentials, for scrapers of the machine; samples with labels that name things of tenants are left out then.',
    alsoMedia: ['text/plain'],
    faults: [],
    may: 'platform:read',
    isOfAll: true,
    isOpenOnLoopback: true,
  },
  getConfig: {
    method: 'GET',
    path: '/api/v1/config',
    tag: 'Process',
    summary: 'The configuration in force and the open addresses',
    answer: 'Config',
    faults: [],
    may: 'platform:read',
  },
  listLimits: {
    method: 'GET',
    path: '/api/v1/limits',
    tag: 'Process',
    summary: 'Every limit of the process, and how near it is where that is measured',
    answer: 'LimitList',
    faults: [],
    may: 'platform:read',
  },
} as const satisfies Readonly<Record<string, Operation>>;
