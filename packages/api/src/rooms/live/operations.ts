import { LIMITS } from '../../limits.ts';
import type { Operation } from '../../operation.ts';
import { object, text } from '../../schema-kit.ts';

/** What can be asked of this room. */
export const LIVE_OPERATIONS = {
  openStream: {
    method: 'GET',
    path: '/api/v1/stream',
    tag: 'Live',
    summary:
      'One event stream for several subscriptions: events `points` (StreamPoints), `overview` (Overview), `gap` (StreamGap), `refused` (StreamRefusal)',
    query: object(
      '',
      {
        subscribe: {
          type: 'array',
          minItems: 1,
          maxItems: LIMITS.subscriptionsMax.value,
          items: { type: 'string', minLength: 1 },
          description:
            'Repeated: `overview`, or `points:tenant/project/device/metric` with percent-encoded parts, of which trailing ones may be left out and `*` means every one. One that names what cannot be seen is answered by an event `refused`, and the others go on; where nothing else is asked for, the answer is `not-found`.',
        },
        lastEventId: text('Like the header `last-event-id`: continue after this id.', { minLength: 1 }),
      },
      ['lastEventId'],
    ),
    alsoMedia: ['text/event-stream'],
    events: { points: 'StreamPoints', overview: 'Overview', gap: 'StreamGap', refused: 'StreamRefusal' },
    faults: ['invalid-request', 'too-many-streams'],
    may: 'telemetry:read',
  },
} as const satisfies Readonly<Record<string, Operation>>;
