import { type MqttFault, protocolError } from './errors.ts';

/** Reason codes of MQTT 5 (section 2.4). */
export const REASON = {
  success: 0x00,
  grantedQos1: 0x01,
  grantedQos2: 0x02,
  disconnectWithWill: 0x04,
  noMatchingSubscribers: 0x10,
  noSubscriptionExisted: 0x11,
  continueAuthentication: 0x18,
  reauthenticate: 0x19,
  unspecified: 0x80,
  malformedPacket: 0x81,
  protocolError: 0x82,
  implementationSpecific: 0x83,
  unsupportedProtocolVersion: 0x84,
  clientIdentifierNotValid: 0x85,
  badUserNameOrPassword: 0x86,
  notAuthorized: 0x87,
  serverUnavailable: 0x88,
  serverBusy: 0x89,
  banned: 0x8a,
  serverShuttingDown: 0x8b,
  badAuthenticationMethod: 0x8c,
  keepAliveTimeout: 0x8d,
  sessionTakenOver: 0x8e,
  topicFilterInvalid: 0x8f,
  topicNameInvalid: 0x90,
  packetIdentifierInUse: 0x91,
  packetIdentifierNotFound: 0x92,
  receiveMaximumExceeded: 0x93,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
  messageRateTooHigh: 0x96,
  quotaExceeded: 0x97,
  administrativeAction: 0x98,
  payloadFormatInvalid: 0x99,
  retainNotSupported: 0x9a,
  qosNotSupported: 0x9b,
  useAnotherServer: 0x9c,
  serverMoved: 0x9d,
  sharedSubscriptionsNotSupported: 0x9e,
  connectionRateExceeded: 0x9f,
  maximumConnectTime: 0xa0,
  subscriptionIdentifiersNotSupported: 0xa1,
  wildcardSubscriptionsNotSupported: 0xa2,
} as const;

/** The reason code that tells a peer of MQTT 5 about a fault. */
export const REASON_OF_FAULT: Readonly<Record<MqttFault, number>> = {
  'malformed-packet': REASON.malformedPacket,
  'protocol-error': REASON.protocolError,
  'packet-too-large': REASON.packetTooLarge,
  'protocol-unsupported': REASON.unsupportedProtocolVersion,
  'client-id-invalid': REASON.clientIdentifierNotValid,
  'topic-invalid': REASON.topicNameInvalid,
  'topic-filter-invalid': REASON.topicFilterInvalid,
  'topic-alias-invalid': REASON.topicAliasInvalid,
  'receive-maximum-exceeded': REASON.receiveMaximumExceeded,
  'qos-unsupported': REASON.qosNotSupported,
  'auth-unsupported': REASON.badAuthenticationMethod,
  'not-authorized': REASON.notAuthorized,
  'mqtt-string-invalid': REASON.unspecified,
  'connect-refused': REASON.unspecified,
  'connection-lost': REASON.unspecified,
  'publisher-ended': REASON.unspecified,
  'subscriber-ended': REASON.unspecified,
  'subscription-refused': REASON.unspecified,
  'session-lost': REASON.unspecified,
  'session-file-invalid': REASON.unspecified,
  'broker-url-invalid': REASON.unspecified,
};

/** Return codes of CONNACK in MQTT 3.1.1 (table 3.1). */
export const RETURN_CODE = {
  accepted: 0,
  unacceptableProtocolVersion: 1,
  identifierRejected: 2,
  serverUnavailable: 3,
  badUserNameOrPassword: 4,
  notAuthorized: 5,
} as const;

/** Packets that carry reason codes. */
export type ReasonPlace =
  | 'connack'
  | 'puback'
  | 'pubrec'
  | 'pubrel'
  | 'pubcomp'
  | 'suback'
  | 'unsuback'
  | 'disconnect'
  | 'auth';

const ACCEPTANCE = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
const RELEASE = [0x00, 0x92];

/** Table 2-6 of MQTT 5: the reason codes of each packet. */
const REASONS_5: Readonly<Record<ReasonPlace, ReadonlySet<number>>> = {
  connack: new Set([0x00, ...range(0x80, 0x8a), 0x8c, 0x90, 0x95, 0x97, ...range(0x99, 0x9d), 0x9f]),
  puback: new Set(ACCEPTANCE),
  pubrec: new Set(ACCEPTANCE),
  pubrel: new Set(RELEASE),
  pubcomp: new Set(RELEASE),
  suback: new Set([0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8f, 0x91, 0x97, 0x9e, 0xa1, 0xa2]),
  unsuback: new Set([0x00, 0x11, 0x80, 0x83, 0x87, 0x8f, 0x91]),
  disconnect: new Set([
    0x00,
    0x04,
    ...range(0x80, 0x83),
    0x87,
    0x89,
    0x8b,
    0x8d,
    0x8e,
    0x8f,
    0x90,
    ...range(0x93, 0xa2),
  ]),
  auth: new Set([0x00, 0x18, 0x19]),
};

const RETURN_CODES = new Set(range(0, 5));
const GRANTS_4 = new Set([0x00, 0x01, 0x02, 0x80]);

/** Gives the code back; throws `protocol-error` for one that the packet may not carry at this level. */
export function checkReason(reason: number, place: ReasonPlace, level: 4 | 5): number {
  let allowed = REASONS_5[place];
  if (level === 4) allowed = place === 'connack' ? RETURN_CODES : GRANTS_4;
  if (!allowed.has(reason))
    throw protocolError(`${place.toUpperCase()} carries the reason 0x${reason.toString(16)}.`, { reason });
  return reason;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** What the reason of a SUBACK or CONNACK means, in words; the code alone for one that is rare. */
export function wordsOfReason(reason: number): string {
  const words = WORDS[reason];
  const code = `0x${reason.toString(16).padStart(2, '0')}`;
  return words === undefined ? code : `${code} (${words})`;
}

const WORDS: Readonly<Record<number, string>> = {
  [REASON.unspecified]: 'refused without a reason',
  [REASON.implementationSpecific]: 'the broker has a reason of its own',
  [REASON.unsupportedProtocolVersion]: 'the protocol version is not served',
  [REASON.clientIdentifierNotValid]: 'the client identifier is not accepted',
  [REASON.badUserNameOrPassword]: 'user name or password is wrong',
  [REASON.notAuthorized]: 'not authorized',
  [REASON.serverUnavailable]: 'the broker is unavailable',
  [REASON.serverBusy]: 'the broker is busy',
  [REASON.banned]: 'the client is banned',
  [REASON.serverShuttingDown]: 'the broker shuts down',
  [REASON.badAuthenticationMethod]: 'the authentication method is not accepted',
  [REASON.sessionTakenOver]: 'the session was taken over',
  [REASON.topicFilterInvalid]: 'the topic filter is not accepted',
  [REASON.packetIdentifierInUse]: 'the packet identifier is in use',
  [REASON.packetTooLarge]: 'a packet is too large',
  [REASON.quotaExceeded]: 'a quota is exceeded',
  [REASON.sharedSubscriptionsNotSupported]: 'shared subscriptions are not supported',
  [REASON.connectionRateExceeded]: 'too many connections in a short time',
  [REASON.subscriptionIdentifiersNotSupported]: 'subscription identifiers are not supported',
  [REASON.wildcardSubscriptionsNotSupported]: 'wildcards are not supported',
};

/** What a return code of CONNACK in MQTT 3.1.1 means, in words. */
export function wordsOfReturnCode(code: number): string {
  return `${code} (${RETURN_CODE_WORDS[code] ?? 'unknown'})`;
}

const RETURN_CODE_WORDS = [
  'accepted',
  'the protocol version is not served',
  'the client identifier is not accepted',
  'the broker is unavailable',
  'user name or password is wrong',
  'not authorized',
] as const;
