import { count, flag, list, object, text } from '../../schema-kit.ts';

/** What this room takes and answers. */
export const PROCESS_SCHEMAS = {
  Config: object('The configuration in force, without secrets.', {
    version: text('Version.'),
    values: { type: 'object', description: 'By key.' },
    listeners: list(
      object('An open address.', {
        name: text('What listens.'),
        host: text('Address.'),
        port: count('Port.'),
      }),
    ),
    exampleTopic: text('A topic that makes telemetry of the device `my-device`.'),
  }),
  Health: object('The process answers.', { status: { type: 'string', const: 'ok' } }),
  Readiness: object('Whether the platform takes and shows messages.', {
    ready: flag('Whether it does.'),
    reasons: list(object('Why it does not.', { code: text('Stable code.'), detail: text('The facts.') })),
  }),
} as const;
