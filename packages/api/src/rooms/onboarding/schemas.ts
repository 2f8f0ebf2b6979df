import { LIMITS } from '../../limits.ts';
import { count, list, nullable, object, oneOfWords, ref, text, time } from '../../schema-kit.ts';
import { deviceKey } from '../parts.ts';
import { REACHES, WAY_NAMES } from './device-ways.ts';
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
    reach: oneOfWords('From where it reaches the server.', REACHES),
    install: text('Shell command that brings what it needs; empty for nothing.'),
    source: nullable(
      object('The program, where the command alone does not say all.', {
        fileName: text('Name that the command knows it by.'),
        text: text('Its text.'),
      }),
    ),
    run: text('Shell commands that send the message.'),
  }),
  DeviceWay: object('One way in for devices.', {
    name: oneOfWords('Scheme.', WAY_NAMES),
    reach: oneOfWords(
      'From where it is reached: from the machine of the server alone, or over the network.',
      REACHES,
    ),
    url: text('Address.'),
    needsToken: { type: 'boolean', description: 'Whether nobody is let in without a token.' },
    trust: oneOfWords(
      'What a client has to trust: nothing without TLS, the authorities of its system, or the file `certificate`.',
      ['nothing', 'system', 'file'],
    ),
    isNamed: {
      type: 'boolean',
      description:
        'Whether the certificate is for the host of the address; most clients refuse one that is not.',
    },
  }),
  TrustedFile: object('The certificates that TLS shows here, for clients that are to trust them.', {
    fileName: text('Name by which the commands know the file.'),
    text: text('PEM.'),
    isWhole: {
      type: 'boolean',
      description:
        'Whether the authority is in it. Without it, the file has to come from whoever issued the certificate.',
    },
  }),
  Onboarding: object('How a device is connected.', {
    ...deviceKey,
    topic: text('Topic that makes telemetry of the device.'),
    mqttUrl: text('Best address for MQTT; empty where nothing listens.'),
    httpUrl: text('Best address for HTTP.'),
    needsToken: { type: 'boolean', description: 'Whether MQTT lets nobody in without a token.' },
    ways: {
      ...list(ref('DeviceWay')),
      description: 'Every way in, the best first: those that the asker has come by, then the others.',
    },
    certificate: nullable(ref('TrustedFile')),
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
      'http',
      'handshake',
    ]),
    reason: text('Stable code.'),
    words: text('What happened, as a sentence.'),
    client: text('MQTT client id.'),
    user: text('Who it said it was.'),
    by: oneOfWords('By what it came in, or wanted to.', ['token', 'user', 'nobody']),
    topic: text('Topic or filter.'),
    remote: text('Address of the peer.'),
    offset: nullable(count('Of the dead letter.')),
  }),
  Arrivals: object('What has come of a device.', {
    ...deviceKey,
    lastSeen: nullable(time('Newest receipt; null while nothing was stored.')),
    stored: count('Messages stored.'),
    metrics: count('Metrics known.'),
    elsewhere: {
      ...list(
        object('A device of the same name.', { tenant: text('Tenant id.'), project: text('Project id.') }),
      ),
      description: 'Where else devices of the same name are, of those that may be seen.',
    },
    wrong: { ...list(ref('Arrival')), description: 'What arrived wrongly, newest first.' },
  }),
} as const;
