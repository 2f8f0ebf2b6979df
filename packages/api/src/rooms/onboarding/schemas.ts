import { LIMITS } from '../../limits.ts';
import { count, list, nullable, object, oneOfWords, ref, text, time } from '../../schema-kit.ts';
import { deviceKey } from '../parts.ts';
import { ONBOARDING_TOOLS, ONBOARDING_WAYS } from './onboarding-commands.ts';

/** What may stand in a topic as an id. */
const ID = '^[^\\u0000-\\u001f\\u007f-\\u009f#+/]+$';

const id = (what: string) => text(what, { minLength: 1, maxLength: LIMITS.idCharsMax.value, pattern: ID });

/** Names a device that may not exist yet. */
export const newDevice = { tenant: id('Tenant id.'), project: id('Project id.'), device: id('Device id.') };

/** What this room takes and answers. */
export const ONBOARDING_SCHEMAS = {
  OnboardingRequest: object('A device that gets a token of its own.', newDevice),
  OnboardingCommand: object('A command or program that sends one message.', {
    way: oneOfWords('Way.', ONBOARDING_WAYS),
    tool: oneOfWords('Tool.', ONBOARDING_TOOLS),
    install: text('Shell command that brings what it needs; empty for nothing.'),
    source: nullable(
      object('The program, where the command alone does not say all.', {
        fileName: text('Name that the command knows it by.'),
        text: text('Its text.'),
      }),
    ),
    run: text('Shell commands that send the message.'),
  }),
  Onboarding: object('How a device is connected.', {
    ...deviceKey,
    topic: text('Topic that makes telemetry of the device.'),
    mqttUrl: text('Address for MQTT.'),
    httpUrl: text('Address for HTTP.'),
    needsToken: { type: 'boolean', description: 'Whether MQTT lets nobody in without a token.' },
    tokenName: nullable(text('Name of the token that was made, by which it is revoked.')),
    token: nullable(text('The token that was made; it is nowhere else.')),
    commands: list(ref('OnboardingCommand')),
  }),
  Arrival: object('One thing that arrived wrongly.', {
    time: time('When.'),
    kind: oneOfWords('What happened.', [
      'dead-letter',
      'connect',
      'publish',
      'will',
      'subscribe',
      'cut-off',
      'elsewhere',
    ]),
    reason: text('Stable code.'),
    words: text('What happened, as a sentence.'),
    client: text('MQTT client id.'),
    user: text('Who it said it was.'),
    topic: text('Topic or filter.'),
    remote: text('Address of the peer.'),
    offset: nullable(count('Of the dead letter.')),
  }),
  Arrivals: object('What has come of a device.', {
    ...deviceKey,
    lastSeen: nullable(time('Newest receipt; null while nothing was stored.')),
    stored: count('Messages stored.'),
    metrics: count('Metrics known.'),
    wrong: { ...list(ref('Arrival')), description: 'What arrived wrongly, newest first.' },
  }),
} as const;
