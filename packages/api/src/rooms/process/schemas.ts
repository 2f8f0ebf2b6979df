import { count, flag, list, nullable, number, object, oneOfWords, text } from '../../schema-kit.ts';

/** What this room takes and answers. */
export const PROCESS_SCHEMAS = {
  Config: object('The configuration in force, without secrets.', {
    version: text('Version.'),
    values: { type: 'object', description: 'By key.' },
    settings: list(
      object('One key of the configuration, and each way to change it.', {
        path: text('Keys joined by dots: `http.port`.'),
        value: { description: 'Its value.' },
        standard: { description: 'What holds when nothing is set; null where that depends on the machine.' },
        source: oneOfWords('Where the value comes from.', ['default', 'file', 'environment', 'flag']),
        origin: text('The source by its name: a variable, a flag, a file.'),
        environment: text('Name of its environment variable.'),
        flag: text('Its flag, with the hyphens.'),
        description: text('What it is.'),
      }),
    ),
    listeners: list(
      object('An open address.', {
        name: text('What listens.'),
        host: text('Address.'),
        port: count('Port.'),
      }),
    ),
    exampleTopic: text('A topic that makes telemetry of the device `my-device`.'),
  }),
  LimitList: object('Limits, by package and name.', {
    items: list(
      object('A limit.', {
        package: text('Part of the platform that has it.'),
        name: text('Name, as in docs/LIMITS.md.'),
        value: number('At most this.'),
        unit: oneOfWords('Unit of the value.', [
          'bytes',
          'count',
          'ms',
          'secs',
          'levels',
          'percent',
          'days',
          'micros',
        ]),
        what: text('What is limited.'),
        whenFull: text('What happens when it is reached.'),
        key: nullable(text('Key of the configuration that changes it; null where it is fixed.')),
        current: nullable(number('How much there is of it now; null where it is not measured.')),
      }),
    ),
  }),
  Health: object('The process answers.', { status: { type: 'string', const: 'ok' } }),
  Readiness: object('Whether the platform takes and shows messages.', {
    ready: flag('Whether it does.'),
    reasons: list(object('Why it does not.', { code: text('Stable code.'), detail: text('The facts.') })),
    notes: list(
      object('What is not as agreed and keeps it from nothing.', {
        code: text('Stable code.'),
        detail: text('The facts.'),
      }),
    ),
  }),
} as const;
