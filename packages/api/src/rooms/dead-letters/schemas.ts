import { count, flag, list, nullable, object, oneOfWords, ref, text, time } from '../../schema-kit.ts';
import { nextCursor } from '../parts.ts';

const deadLetter = {
  offset: count('Offset in the journal, its identity.'),
  received: time('Receipt.'),
  tenant: text('Tenant id, as far as it could be told.'),
  project: text('Project id, as far as it could be told.'),
  device: text('Device id; empty when it could not be told.'),
  topic: text('MQTT topic.'),
  client: text('MQTT client id.'),
  reason: oneOfWords('Why it was set aside.', [
    'unknown-topic',
    'undecodable',
    'series-limit',
    'too-many-points',
    'stage-failed',
    'kafka-refused',
  ]),
  detail: text('What was found and what was wanted.'),
  stage: text('The stage that set it aside.'),
  qos: count('MQTT quality of service.'),
  state: oneOfWords('What has become of it.', ['open', 'replayed', 'discarded', 'expired']),
  author: text('Who changed the state; empty while open.'),
  changed: nullable(time('When the state changed.')),
  payloadBytes: count('Length of the payload.'),
};

/** What this room takes and answers. */
export const DEAD_LETTERS_SCHEMAS = {
  DeadLetter: object('A dead letter without its bytes.', deadLetter),
  DeadLetterPage: object('Dead letters by offset.', { items: list(ref('DeadLetter')), cursor: nextCursor }),
  DeadLetterReasons: object('Open dead letters by reason, exact.', {
    open: count('All of them.'),
    reasons: list(
      object('One reason.', { reason: deadLetter.reason, open: count('Open letters of this reason.') }),
    ),
  }),
  DeadLetterDetail: object('A dead letter with its bytes.', {
    ...deadLetter,
    payload: object('The bytes.', {
      base64: text('All bytes.'),
      text: nullable(text('The bytes as text when they are UTF-8.')),
      hex: text('The first bytes in hex.'),
      hexTruncated: flag('Whether `hex` leaves bytes out.'),
    }),
  }),
  DeadLetterFilter: object(
    'Open dead letters that are meant: at least one member that narrows, or `all`.',
    {
      all: flag('True for all open ones that the other members leave; wanted when there are none.'),
      reason: deadLetter.reason,
      tenant: deadLetter.tenant,
      project: deadLetter.project,
      device: deadLetter.device,
    },
    ['all', 'reason', 'tenant', 'project', 'device'],
  ),
  DeadLetterOutcome: object(
    'What became of the letters that were asked for, durably; each is counted once.',
    {
      changed: count('Letters that were open and are not any more: processed by the pipeline, or discarded.'),
      failedAgain: count('Letters that the pipeline was offered again and refused again: they stay open.'),
      undecided: count(
        'Letters that the pipeline had not come to when the answer was given; they are judged later, and asking again is harmless.',
      ),
      unchanged: count('Letters that were not open; nothing happens to them.'),
    },
  ),
} as const;
