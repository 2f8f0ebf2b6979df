import type { Connect } from '../packets/connect.ts';
import type { Properties } from '../properties.ts';
import { REASON, RETURN_CODE } from '../reason-codes.ts';
import type { BrokerParts } from './broker-parts.ts';
import { lastingProperties } from './publication-properties.ts';
import type { Will } from './will-book.ts';

/** A CONNECT that is refused. */
export interface ConnectRefusal {
  readonly isAccepted: false;
  /** For MQTT 5. */
  readonly reason: number;
  /** For 3.1.1; undefined where it has no word for it: the connection is closed [MQTT-3.2.2-6]. */
  readonly returnCode: number | undefined;
  readonly why: string;
}

/** A CONNECT that is taken, and on which terms. */
export interface ConnectTerms {
  readonly isAccepted: true;
  readonly clientId: string;
  readonly isCleanStart: boolean;
  /** 0 for none. */
  readonly keepAliveSecs: number;
  readonly expiryMs: number;
  /** Receive Maximum of the client. */
  readonly receiveMaximum: number;
  /** Maximum Packet Size of the client. */
  readonly packetBytesMax: number;
  readonly isProblemWanted: boolean;
  readonly will: Will | undefined;
  /** What CONNACK tells MQTT 5. */
  readonly properties: Properties;
}

type Needs = Pick<BrokerParts, 'limits' | 'isAnonymousOnly' | 'topics' | 'random'>;

/** Judges a CONNECT that is in order by itself, and settles what was asked for. */
export function judgeConnect(connect: Connect, parts: Needs): ConnectRefusal | ConnectTerms {
  const { limits } = parts;
  if (connect.properties?.authMethod !== undefined)
    return refusal(REASON.badAuthenticationMethod, undefined, 'No authentication method is offered.');
  if (Buffer.byteLength(connect.clientId) > limits.clientIdBytesMax)
    return refusal(
      REASON.clientIdentifierNotValid,
      RETURN_CODE.identifierRejected,
      'The client id is too long.',
    );
  if (parts.isAnonymousOnly && (connect.username !== undefined || connect.password !== undefined))
    return refusal(
      REASON.badUserNameOrPassword,
      RETURN_CODE.badUserNameOrPassword,
      'Users are not known here; connect without a name.',
    );
  return judgeWill(connect, parts) ?? settle(connect, parts);
}

function judgeWill({ will, level }: Connect, { topics }: Needs): ConnectRefusal | undefined {
  if (!will) return undefined;
  if (level === 5 && will.qos === 2)
    return refusal(REASON.qosNotSupported, undefined, 'The will has QoS 2; Maximum QoS is 1.'); // [MQTT-3.2.2-12]
  const { route, verdict } = topics.of(will.topic);
  if (!route) return refusal(REASON.topicNameInvalid, undefined, `The topic of the will is ${verdict}.`);
  if (route.kind !== 'refuse') return undefined;
  return refusal(
    REASON.notAuthorized,
    RETURN_CODE.notAuthorized,
    'The topic of the will belongs to nobody here.',
  );
}

function settle(connect: Connect, { limits, random }: Needs): ConnectTerms {
  const { level, properties, clientId } = connect;
  const wanted = level === 5 ? (properties?.sessionExpirySecs ?? 0) : connect.isCleanStart ? 0 : Infinity;
  const expirySecs = Math.min(wanted, limits.sessionExpirySecsMax);
  const isLong = connect.keepAliveSecs === 0 || connect.keepAliveSecs > limits.keepAliveSecsMax;
  const keepAliveSecs = level === 5 && isLong ? limits.keepAliveSecsMax : connect.keepAliveSecs;
  const given = clientId === '' ? `auto-${Buffer.from(random.bytes(12)).toString('hex')}` : clientId;
  return {
    isAccepted: true,
    clientId: given,
    isCleanStart: connect.isCleanStart,
    keepAliveSecs,
    expiryMs: expirySecs * 1000,
    receiveMaximum: properties?.receiveMaximum ?? 65_535,
    packetBytesMax: properties?.packetBytesMax ?? Infinity,
    isProblemWanted: properties?.requestProblem !== 0,
    will: willOf(connect, limits.willDelaySecsMax),
    properties: {
      ...(expirySecs !== wanted && { sessionExpirySecs: expirySecs }),
      ...(clientId === '' && { assignedClientId: given }), // [MQTT-3.1.3-6]
      ...(keepAliveSecs !== connect.keepAliveSecs && { serverKeepAliveSecs: keepAliveSecs }),
      receiveMaximum: limits.receiveMaximum,
      topicAliasMaximum: limits.topicAliasMaximum,
      maximumQos: 1,
      packetBytesMax: limits.packetBytesMax,
      sharedAvailable: 0,
    },
  };
}

function willOf({ will }: Connect, willDelaySecsMax: number): Will | undefined {
  if (!will) return undefined;
  const { topic, payload, qos, isRetain, properties } = will;
  const { correlation, ...lasting } = lastingProperties(properties) ?? {};
  return {
    topic,
    payload: payload.slice(),
    qos,
    isRetained: isRetain,
    delayMs: Math.min(properties?.willDelaySecs ?? 0, willDelaySecsMax) * 1000,
    properties: properties && { ...lasting, ...(correlation && { correlation: correlation.slice() }) },
  };
}

/** A refusal; `returnCode` as in `ConnectRefusal`. */
export function refusal(reason: number, returnCode: number | undefined, why: string): ConnectRefusal {
  return { isAccepted: false, reason, returnCode, why };
}
