import fc from 'fast-check';
import type { Packet } from '../packets/packet.ts';
import type { PacketName, ProtocolLevel } from '../packets/packet-type.ts';
import type { Properties, PropertyPlace } from '../properties.ts';

const bit = fc.constantFrom(0 as const, 1 as const);
const qos = fc.constantFrom(0 as const, 1 as const, 2 as const);
const word = fc.integer({ min: 0, max: 65_535 });
const positiveWord = fc.integer({ min: 1, max: 65_535 });
const long = fc.integer({ min: 0, max: 0xffff_ffff });
const bytes = fc.uint8Array({ maxLength: 40 });
/** Any text of MQTT: whole code points without U+0000. */
const text = fc.string({ unit: 'binary', maxLength: 20 }).map((value) => value.replaceAll('\0', ''));
const topic = text.map((value) => value.replaceAll(/[+#]/g, '')).filter((value) => value !== '');
const user = fc.array(fc.tuple(text, text), { minLength: 1, maxLength: 3 });
const packetId = positiveWord;

/** One arbitrary per property, written out from table 2-4 and not taken from the codec. */
const VALUES = {
  payloadFormat: bit,
  messageExpirySecs: long,
  contentType: text,
  responseTopic: topic,
  correlation: bytes,
  subscriptionIdentifiers: fc.array(fc.integer({ min: 1, max: 268_435_455 }), { minLength: 1, maxLength: 3 }),
  sessionExpirySecs: long,
  assignedClientId: text,
  serverKeepAliveSecs: word,
  authMethod: text,
  authBytes: bytes,
  requestProblem: bit,
  willDelaySecs: long,
  requestResponse: bit,
  responseTopicBase: text,
  serverReference: text,
  reasonText: text,
  receiveMaximum: positiveWord,
  topicAliasMaximum: word,
  topicAlias: positiveWord,
  maximumQos: bit,
  retainAvailable: bit,
  user,
  packetBytesMax: fc.integer({ min: 1, max: 0xffff_ffff }),
  wildcardAvailable: bit,
  subscriptionIdentifiersAvailable: bit,
  sharedAvailable: bit,
} as const satisfies Record<keyof Properties, fc.Arbitrary<unknown>>;

const WHERE: Readonly<Record<PropertyPlace, readonly (keyof Properties)[]>> = {
  connect: [
    'sessionExpirySecs',
    'receiveMaximum',
    'packetBytesMax',
    'topicAliasMaximum',
    'requestResponse',
    'requestProblem',
    'authMethod',
    'authBytes',
  ],
  connack: [
    'sessionExpirySecs',
    'receiveMaximum',
    'maximumQos',
    'retainAvailable',
    'packetBytesMax',
    'assignedClientId',
    'topicAliasMaximum',
    'reasonText',
    'wildcardAvailable',
    'subscriptionIdentifiersAvailable',
    'sharedAvailable',
    'serverKeepAliveSecs',
    'responseTopicBase',
    'serverReference',
    'authMethod',
    'authBytes',
  ],
  publish: [
    'payloadFormat',
    'messageExpirySecs',
    'topicAlias',
    'responseTopic',
    'correlation',
    'subscriptionIdentifiers',
    'contentType',
  ],
  will: [
    'willDelaySecs',
    'payloadFormat',
    'messageExpirySecs',
    'contentType',
    'responseTopic',
    'correlation',
  ],
  puback: ['reasonText'],
  pubrec: ['reasonText'],
  pubrel: ['reasonText'],
  pubcomp: ['reasonText'],
  subscribe: ['subscriptionIdentifiers'],
  suback: ['reasonText'],
  unsubscribe: [],
  unsuback: ['reasonText'],
  disconnect: ['sessionExpirySecs', 'reasonText', 'serverReference'],
  auth: ['authMethod', 'authBytes', 'reasonText'],
};

/** The properties that may stand in a place, by the lists of the packets' own sections (not by table 2-4). */
export function propertiesOf(place: PropertyPlace): readonly (keyof Properties)[] {
  return [...WHERE[place], 'user'];
}

/** A value of one property. */
export function anyValueOf(name: keyof Properties): fc.Arbitrary<unknown> {
  return VALUES[name];
}

/** Properties of a place as `{ properties }`, or `{}` for none or at level 4. */
function anyProperties(
  place: PropertyPlace,
  level: ProtocolLevel,
): fc.Arbitrary<{ properties?: Properties }> {
  if (level === 4) return fc.constant({});
  const model = Object.fromEntries(propertiesOf(place).map((name) => [name, VALUES[name]]));
  return fc.record(model, { requiredKeys: [] }).map((drawn) => {
    const properties = { ...drawn } as Properties;
    const { authBytes: _, ...rest } = properties;
    const sound = properties.authMethod === undefined ? rest : properties;
    const identifiers = sound.subscriptionIdentifiers;
    const bounded =
      place === 'subscribe' && identifiers
        ? { ...sound, subscriptionIdentifiers: identifiers.slice(0, 1) }
        : sound;
    return Object.keys(bounded).length > 0 ? { properties: bounded } : {};
  });
}

const REASONS = {
  connack: [0, 0x80, 0x81, 0x87, 0x8a, 0x8c, 0x90, 0x95, 0x97, 0x99, 0x9d, 0x9f],
  puback: [0, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99],
  pubrel: [0, 0x92],
  suback: [0, 1, 2, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2],
  unsuback: [0, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91],
  disconnect: [0, 4, 0x80, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x97, 0xa2],
} as const;

function anyReason(name: keyof typeof REASONS, level: ProtocolLevel): fc.Arbitrary<number> {
  return level === 5 ? fc.constantFrom(...REASONS[name]) : fc.constant(0);
}

type Maker = (level: ProtocolLevel) => fc.Arbitrary<Packet>;

/** Joins drawn fields with drawn properties. */
function withProperties<Fields extends object>(
  fields: fc.Arbitrary<Fields>,
  place: PropertyPlace,
  level: ProtocolLevel,
): fc.Arbitrary<Fields & { properties?: Properties }> {
  return fc.tuple(fields, anyProperties(place, level)).map(([some, more]) => ({ ...some, ...more }));
}

function anyAcknowledgement<Name extends 'puback' | 'pubrec' | 'pubrel' | 'pubcomp'>(name: Name): Maker {
  const reasons = name === 'puback' || name === 'pubrec' ? 'puback' : 'pubrel';
  return (level) =>
    withProperties(
      fc.record({ type: fc.constant(name), packetId, reason: anyReason(reasons, level) }),
      name,
      level,
    ) as fc.Arbitrary<Packet>;
}

const connect: Maker = (level) => {
  const will = fc.record({ topic, payload: bytes, qos, isRetain: fc.boolean() });
  const base = fc.record({
    isCleanStart: fc.boolean(),
    keepAliveSecs: word,
    clientId: text,
    will: fc.option(withProperties(will, 'will', level), { nil: undefined }),
    username: fc.option(text, { nil: undefined }),
    password: fc.option(bytes, { nil: undefined }),
  });
  return withProperties(base, 'connect', level).map((drawn) => {
    const { will: aWill, username, password, properties, clientId, keepAliveSecs } = drawn;
    return {
      type: 'connect' as const,
      level,
      clientId,
      keepAliveSecs,
      isCleanStart: drawn.isCleanStart || (level === 4 && clientId === ''),
      ...(aWill && { will: aWill }),
      ...(username !== undefined && { username }),
      ...(password && (level === 5 || username !== undefined) && { password }),
      ...(properties && { properties }),
    };
  });
};

const publish: Maker = (level) => {
  const fields = fc.record({
    type: fc.constant('publish' as const),
    topic,
    payload: bytes,
    qos,
    isDup: fc.boolean(),
    isRetain: fc.boolean(),
    packetId,
  });
  return withProperties(fields, 'publish', level).map((drawn) => {
    const { isDup } = drawn;
    return drawn.qos === 0 ? { ...drawn, isDup: false, packetId: 0 } : { ...drawn, isDup };
  });
};

const subscribe: Maker = (level) => {
  const flag = level === 5 ? fc.boolean() : fc.constant(false);
  const wish = fc.record(
    {
      filter: text.filter((value) => !value.startsWith('$share/')),
      qos,
      isNoLocal: flag,
      isRetainAsPublished: flag,
      retainHandling: level === 5 ? qos : fc.constant(0 as const),
    },
    { noNullPrototype: true },
  );
  const topics = fc.array(wish, { minLength: 1, maxLength: 4 });
  return withProperties(
    fc.record({ type: fc.constant('subscribe' as const), packetId, topics }),
    'subscribe',
    level,
  );
};

const connack: Maker = (level) => {
  const reason = level === 5 ? anyReason('connack', level) : fc.integer({ min: 0, max: 5 });
  const fields = fc.record({ isSessionPresent: fc.boolean(), reason });
  return withProperties(fields, 'connack', level).map((drawn) => ({
    type: 'connack' as const,
    ...drawn,
    isSessionPresent: drawn.isSessionPresent && drawn.reason === 0,
  }));
};

const MAKERS: Readonly<Record<Exclude<PacketName, 'auth'>, Maker>> = {
  connect,
  connack,
  publish,
  puback: anyAcknowledgement('puback'),
  pubrec: anyAcknowledgement('pubrec'),
  pubrel: anyAcknowledgement('pubrel'),
  pubcomp: anyAcknowledgement('pubcomp'),
  subscribe,
  suback: (level) => {
    const one = level === 5 ? anyReason('suback', level) : fc.constantFrom(0, 1, 2, 0x80);
    const reasons = fc.array(one, { minLength: 1, maxLength: 4 });
    return withProperties(
      fc.record({ type: fc.constant('suback' as const), packetId, reasons }),
      'suback',
      level,
    );
  },
  unsubscribe: (level) => {
    const filters = fc.array(text, { minLength: 1, maxLength: 4 });
    const fields = fc.record({ type: fc.constant('unsubscribe' as const), packetId, filters });
    return withProperties(fields, 'unsubscribe', level);
  },
  unsuback: (level) => {
    const one = anyReason('unsuback', level);
    const reasons = level === 5 ? fc.array(one, { minLength: 1, maxLength: 4 }) : fc.constant([]);
    return withProperties(
      fc.record({ type: fc.constant('unsuback' as const), packetId, reasons }),
      'unsuback',
      level,
    );
  },
  pingreq: () => fc.constant({ type: 'pingreq' as const }),
  pingresp: () => fc.constant({ type: 'pingresp' as const }),
  disconnect: (level) =>
    withProperties(
      fc.record({ type: fc.constant('disconnect' as const), reason: anyReason('disconnect', level) }),
      'disconnect',
      level,
    ),
};

const auth: fc.Arbitrary<Packet> = withProperties(
  fc.record({ type: fc.constant('auth' as const), reason: fc.constantFrom(0, 0x18, 0x19) }),
  'auth',
  5,
).map(({ properties, ...packet }) => {
  if (packet.reason === 0 && !properties) return packet;
  return { ...packet, properties: { authMethod: 'm', ...properties } };
});

/** Any packet of a level that the specification allows, with a chance for every field and property. */
export function anyPacket(level: ProtocolLevel): fc.Arbitrary<Packet> {
  const makers: readonly fc.Arbitrary<Packet>[] = Object.values(MAKERS).map((make) => make(level));
  return fc.oneof(...makers, ...(level === 5 ? [auth] : []));
}

/** Any packet of one name at a level; AUTH at level 5 only. */
export function anyPacketOf(name: PacketName, level: ProtocolLevel): fc.Arbitrary<Packet> {
  return name === 'auth' ? auth : MAKERS[name](level);
}
