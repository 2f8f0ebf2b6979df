import type { Operation } from '../../operation.ts';
import { object, oneOfWords } from '../../schema-kit.ts';
import { cursor, limit, NDJSON, narrow } from '../parts.ts';

/** What can be asked of this room. */
export const LEDGER_OPERATIONS = {
  getLedger: {
    method: 'GET',
    path: '/api/v1/ledger',
    tag: 'Ledger',
    summary: 'The running account of every record',
    answer: 'Ledger',
    faults: [],
    may: 'ledger:read',
  },
  auditLedger: {
    method: 'GET',
    path: '/api/v1/ledger/audit',
    tag: 'Ledger',
    summary: 'Recounts journal and store; NDJSON tells the progress, its last line has `report`',
    query: object('', { format: oneOfWords('Instead of the `accept` header.', ['json', 'ndjson']) }, [
      'format',
    ]),
    answer: 'AuditReport',
    alsoMedia: [NDJSON],
    faults: ['audit-running'],
    may: 'ledger:audit',
  },
  listGaps: {
    method: 'GET',
    path: '/api/v1/gaps',
    tag: 'Ledger',
    summary: 'Gaps in the sequence numbers of devices',
    query: object(
      '',
      { tenant: narrow('tenant'), project: narrow('project'), device: narrow('device'), limit, cursor },
      ['tenant', 'project', 'device', 'limit', 'cursor'],
    ),
    answer: 'GapPage',
    faults: ['invalid-request'],
    may: 'ledger:read',
  },
} as const satisfies Readonly<Record<string, Operation>>;
