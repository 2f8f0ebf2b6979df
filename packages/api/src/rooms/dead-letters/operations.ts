import type { Operation } from '../../operation.ts';
import { object, oneOfWords } from '../../schema-kit.ts';
import { cursor, limit, narrow } from '../parts.ts';

const offsetParams = object('', {
  offset: { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Journal offset.' },
});

const narrowing = { tenant: narrow('tenant'), project: narrow('project'), device: narrow('device') };

const deadLetterQuery = {
  state: oneOfWords('Only this state.', ['open', 'replayed', 'discarded', 'expired']),
  reason: oneOfWords('Only this reason.', [
    'unknown-topic',
    'undecodable',
    'series-limit',
    'too-many-points',
    'stage-failed',
    'kafka-refused',
  ]),
  ...narrowing,
  limit,
  cursor,
};

/** What can be asked of this room. */
export const DEAD_LETTERS_OPERATIONS = {
  listDeadLetters: {
    method: 'GET',
    path: '/api/v1/dead-letters',
    tag: 'Dead letters',
    summary: 'Dead letters by offset',
    query: object('', deadLetterQuery, ['state', 'reason', 'tenant', 'project', 'device', 'limit', 'cursor']),
    answer: 'DeadLetterPage',
    faults: ['invalid-request'],
    may: 'dead-letters:read',
  },
  countDeadLetters: {
    method: 'GET',
    path: '/api/v1/dead-letters/reasons',
    tag: 'Dead letters',
    summary: 'How many dead letters are open, by reason',
    query: object('', narrowing, ['tenant', 'project', 'device']),
    answer: 'DeadLetterReasons',
    faults: ['invalid-request'],
    may: 'dead-letters:read',
  },
  getDeadLetter: {
    method: 'GET',
    path: '/api/v1/dead-letters/{offset}',
    tag: 'Dead letters',
    summary: 'One dead letter with its bytes',
    params: offsetParams,
    answer: 'DeadLetterDetail',
    faults: ['invalid-request', 'not-found'],
    may: 'dead-letters:read',
  },
  replayDeadLetters: {
    method: 'POST',
    path: '/api/v1/dead-letters/replay',
    tag: 'Dead letters',
    summary: 'Replays open dead letters of a filter; twice is harmless',
    body: 'DeadLetterFilter',
    answer: 'DeadLetterOutcome',
    faults: ['invalid-request'],
    may: 'dead-letters:change',
  },
  discardDeadLetters: {
    method: 'POST',
    path: '/api/v1/dead-letters/discard',
    tag: 'Dead letters',
    summary: 'Discards open dead letters of a filter',
    body: 'DeadLetterFilter',
    answer: 'DeadLetterOutcome',
    faults: ['invalid-request'],
    may: 'dead-letters:change',
  },
  replayDeadLetter: {
    method: 'POST',
    path: '/api/v1/dead-letters/{offset}/replay',
    tag: 'Dead letters',
    summary: 'Replays one dead letter; twice is harmless',
    params: offsetParams,
    answer: 'DeadLetterOutcome',
    faults: ['invalid-request', 'not-found'],
    may: 'dead-letters:change',
  },
  discardDeadLetter: {
    method: 'POST',
    path: '/api/v1/dead-letters/{offset}/discard',
    tag: 'Dead letters',
    summary: 'Discards one dead letter',
    params: offsetParams,
    answer: 'DeadLetterOutcome',
    faults: ['invalid-request', 'not-found'],
    may: 'dead-letters:change',
  },
} as const satisfies Readonly<Record<string, Operation>>;
