import { count, list, nullable, object, text, time } from '../../schema-kit.ts';
import { deviceKey, integerMark, value } from '../parts.ts';

/** What this room takes and answers. */
export const LIVE_SCHEMAS = {
  StreamPoints: object('Data of the event `points`.', {
    devices: list(
      object('Points of one device.', {
        ...deviceKey,
        points: list(
          object(
            'One point.',
            { metric: text('Name.'), time: time('Event time.'), value, type: integerMark },
            ['type'],
          ),
        ),
      }),
    ),
  }),
  StreamRefusal: object('Data of the event `refused`: one subscription will carry nothing.', {
    subscribe: text('The subscription as it was asked for.'),
    code: text('Code of the fault, `not-found` for instance.'),
    detail: text('What is wrong with it.'),
  }),
  StreamGap: object('Data of the event `gap`: points were missed; fetch the state again.', {
    after: text('The id after which points are missing.'),
    reason: text(
      'Why: overwritten, restarted (queries have the points), other-journal, ahead-of-journal, or the code of a fault.',
    ),
    missed: nullable(count('How many, where it can be told.')),
  }),
} as const;
