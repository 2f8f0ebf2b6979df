import type { ByteReader } from './byte-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { MqttError, malformed, protocolError } from './errors.ts';

/** Properties of MQTT 5 (section 2.2.2.2) by name. Texts are validated; binary values read from a packet are views of it. */
export interface Properties {
  readonly payloadFormat?: 0 | 1;
  readonly messageExpirySecs?: number;
  readonly contentType?: string;
  readonly responseTopic?: string;
  readonly correlation?: Uint8Array;
  readonly subscriptionIdentifiers?: readonly number[];
  readonly sessionExpirySecs?: number;
  readonly assignedClientId?: string;
  readonly serverKeepAliveSecs?: number;
  readonly authMethod?: string;
  readonly authBytes?: Uint8Array;
  readonly requestProblem?: 0 | 1;
  readonly willDelaySecs?: number;
  readonly requestResponse?: 0 | 1;
  readonly responseTopicBase?: string;
  readonly serverReference?: string;
  readonly reasonText?: string;
  readonly receiveMaximum?: number;
  readonly topicAliasMaximum?: number;
  readonly topicAlias?: number;
  readonly maximumQos?: 0 | 1;
  readonly retainAvailable?: 0 | 1;
  readonly user?: readonly (readonly [name: string, value: string])[];
  readonly packetBytesMax?: number;
  readonly wildcardAvailable?: 0 | 1;
  readonly subscriptionIdentifiersAvailable?: 0 | 1;
  readonly sharedAvailable?: 0 | 1;
}

/** Where properties stand: a packet, or the will inside CONNECT. */
export type PropertyPlace =
  | 'connect'
  | 'connack'
  | 'publish'
  | 'will'
  | 'puback'
  | 'pubrec'
  | 'pubrel'
  | 'pubcomp'
  | 'subscribe'
  | 'suback'
  | 'unsubscribe'
  | 'unsuback'
  | 'disconnect'
  | 'auth';

type Kind = 'byte' | 'flag' | 'word' | 'long' | 'varint' | 'text' | 'binary' | 'pair';

interface PropertyRule {
  readonly name: keyof Properties;
  readonly kind: Kind;
  readonly places: readonly PropertyPlace[];
  /** May stand more than once: the value is a list. */
  readonly isList?: boolean;
  /** 0 is a protocol error. */
  readonly isPositive?: boolean;
}

const ACKS = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'suback', 'unsuback'] as const;
const ANYWHERE = [
  ...ACKS,
  'connect',
  'connack',
  'publish',
  'will',
  'subscribe',
  'unsubscribe',
  'disconnect',
  'auth',
] as const;

/** Table 2-4 of the specification: identifier, type and packets of every property. */
const RULES: Readonly<Record<number, PropertyRule>> = {
  1: { name: 'payloadFormat', kind: 'flag', places: ['publish', 'will'] },
  2: { name: 'messageExpirySecs', kind: 'long', places: ['publish', 'will'] },
  3: { name: 'contentType', kind: 'text', places: ['publish', 'will'] },
  8: { name: 'responseTopic', kind: 'text', places: ['publish', 'will'] },
  9: { name: 'correlation', kind: 'binary', places: ['publish', 'will'] },
  11: {
    name: 'subscriptionIdentifiers',
    kind: 'varint',
    places: ['publish', 'subscribe'],
    isList: true,
    isPositive: true,
  },
  17: { name: 'sessionExpirySecs', kind: 'long', places: ['connect', 'connack', 'disconnect'] },
  18: { name: 'assignedClientId', kind: 'text', places: ['connack'] },
  19: { name: 'serverKeepAliveSecs', kind: 'word', places: ['connack'] },
  21: { name: 'authMethod', kind: 'text', places: ['connect', 'connack', 'auth'] },
  22: { name: 'authBytes', kind: 'binary', places: ['connect', 'connack', 'auth'] },
  23: { name: 'requestProblem', kind: 'flag', places: ['connect'] },
  24: { name: 'willDelaySecs', kind: 'long', places: ['will'] },
  25: { name: 'requestResponse', kind: 'flag', places: ['connect'] },
  26: { name: 'responseTopicBase', kind: 'text', places: ['connack'] },
  28: { name: 'serverReference', kind: 'text', places: ['connack', 'disconnect'] },
  31: { name: 'reasonText', kind: 'text', places: [...ACKS, 'connack', 'disconnect', 'auth'] },
  33: { name: 'receiveMaximum', kind: 'word', places: ['connect', 'connack'], isPositive: true },
  34: { name: 'topicAliasMaximum', kind: 'word', places: ['connect', 'connack'] },
  35: { name: 'topicAlias', kind: 'word', places: ['publish'] },
  36: { name: 'maximumQos', kind: 'flag', places: ['connack'] },
  37: { name: 'retainAvailable', kind: 'flag', places: ['connack'] },
  38: { name: 'user', kind: 'pair', places: ANYWHERE, isList: true },
  39: { name: 'packetBytesMax', kind: 'long', places: ['connect', 'connack'], isPositive: true },
  40: { name: 'wildcardAvailable', kind: 'flag', places: ['connack'] },
  41: { name: 'subscriptionIdentifiersAvailable', kind: 'flag', places: ['connack'] },
  42: { name: 'sharedAvailable', kind: 'flag', places: ['connack'] },
};

const RULE_ENTRIES = Object.entries(RULES).map(([id, rule]) => ({ id: Number(id), rule }));

/**
 * Property Length, then Identifier and value of each. Throws `malformed-packet` for unknown identifiers and broken values,
 * `protocol-error` for a property twice, in a wrong packet, or with a value that is not allowed [MQTT-2.2.2-2].
 * Undefined when there are none. `length` is the Property Length where it was read already.
 */
export function decodeProperties(
  reader: ByteReader,
  place: PropertyPlace,
  length: number = reader.varint(),
): Properties | undefined {
  if (length === 0) return undefined;
  const part = reader.part(length);
  const found: Record<string, unknown> = {};
  while (part.left > 0) {
    const id = part.varint();
    const rule = RULES[id];
    if (!rule) throw malformed(`Property ${id} is unknown.`, { id });
    if (!rule.places.includes(place))
      throw protocolError(`Property ${rule.name} stands in ${place}.`, { id });
    readProperty(part, rule, place, found);
  }
  checkTogether(found, place);
  return found as Properties; // the table gives each name its type
}

/** Encodes properties with their length in front; throws `protocol-error` for one that may not stand there. */
export function encodeProperties(
  writer: ByteWriter,
  properties: Properties | undefined,
  place: PropertyPlace,
): void {
  if (!properties) {
    writer.byte(0);
    return;
  }
  const body = new ByteWriter();
  for (const { id, rule } of RULE_ENTRIES) {
    const value = properties[rule.name];
    if (value === undefined) continue;
    if (!rule.places.includes(place))
      throw protocolError(`Property ${rule.name} stands in ${place}.`, { id });
    const values = rule.isList && Array.isArray(value) ? value : [value];
    for (const one of values) {
      body.varint(id);
      writeValue(body, rule.kind, one);
    }
  }
  writer.varint(body.length).raw(body.body());
}

/** Rules over the properties of one place. */
function checkTogether(found: Properties, place: PropertyPlace): void {
  if (found.authBytes !== undefined && found.authMethod === undefined)
    throw protocolError(`Property authBytes stands in ${place} without authMethod.`); // 3.1.2.11.10
  if (found.responseTopic !== undefined && /[+#]/.test(found.responseTopic))
    throw protocolError('A response topic holds a wildcard.'); // [MQTT-3.3.2-14]
}

/** The bytes of properties with their length in front, for packets that are written many times. */
export function propertyBytes(properties: Properties | undefined, place: PropertyPlace): Uint8Array {
  const writer = new ByteWriter();
  encodeProperties(writer, properties, place);
  return writer.body();
}

function readProperty(
  reader: ByteReader,
  rule: PropertyRule,
  place: PropertyPlace,
  found: Record<string, unknown>,
): void {
  const value = readValue(reader, rule.kind);
  if (rule.isPositive && value === 0) throw protocolError(`Property ${rule.name} is 0.`);
  if (rule.kind === 'flag' && value !== 0 && value !== 1)
    throw protocolError(`Property ${rule.name} is ${String(value)}; 0 or 1 is allowed.`);
  if (rule.name === 'topicAlias' && value === 0)
    throw new MqttError('topic-alias-invalid', 'A topic alias is 0.');
  const before = found[rule.name];
  if (!rule.isList) {
    if (before !== undefined) throw protocolError(`Property ${rule.name} stands twice.`);
    found[rule.name] = value;
    return;
  }
  if (!Array.isArray(before)) found[rule.name] = [value];
  else if (rule.name === 'subscriptionIdentifiers' && place === 'subscribe')
    throw protocolError('A subscription identifier stands twice in SUBSCRIBE.');
  else before.push(value);
}

function readValue(reader: ByteReader, kind: Kind): unknown {
  switch (kind) {
    case 'byte':
    case 'flag':
      return reader.byte();
    case 'word':
      return reader.word();
    case 'long':
      return reader.long();
    case 'varint':
      return reader.varint();
    case 'text':
      return reader.text();
    case 'binary':
      return reader.binary();
    case 'pair':
      return [reader.text(), reader.text()];
  }
}

function writeValue(writer: ByteWriter, kind: Kind, value: unknown): void {
  if (kind === 'pair' && Array.isArray(value)) writer.text(String(value[0])).text(String(value[1]));
  else if (kind === 'text') writer.text(String(value));
  else if (kind === 'binary' && value instanceof Uint8Array) writer.binary(value);
  else if (kind === 'varint') writer.varint(Number(value));
  else if (kind === 'long') writer.long(Number(value));
  else if (kind === 'word') writer.word(Number(value));
  else writer.byte(Number(value));
}
