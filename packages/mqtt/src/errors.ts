import { type Advice, CodedError } from '@skerry/kernel';

/** Fault codes of MQTT: what a peer did against the protocol, and why a publisher or subscriber of ours did. */
export type MqttFault =
  | 'malformed-packet'
  | 'protocol-error'
  | 'packet-too-large'
  | 'protocol-unsupported'
  | 'client-id-invalid'
  | 'topic-invalid'
  | 'topic-filter-invalid'
  | 'topic-alias-invalid'
  | 'receive-maximum-exceeded'
  | 'qos-unsupported'
  | 'auth-unsupported'
  | 'not-authorized'
  | 'mqtt-string-invalid'
  | 'connect-refused'
  | 'connection-lost'
  | 'publisher-ended'
  | 'subscriber-ended'
  | 'subscription-refused'
  | 'session-lost'
  | 'session-file-invalid'
  | 'broker-url-invalid';

/** What a caller should do about each fault of MQTT, and what it means (source of the error pages). */
export const MQTT_FAULTS: Readonly<Record<MqttFault, { readonly advice: Advice; readonly meaning: string }>> =
  {
    'malformed-packet': {
      advice: 'give-up',
      meaning: 'A peer sent bytes that are no MQTT packet: wrong flags, lengths, text or properties.',
    },
    'protocol-error': {
      advice: 'give-up',
      meaning: 'A peer sent a well-formed packet that the protocol does not allow at that moment.',
    },
    'packet-too-large': {
      advice: 'give-up',
      meaning: 'A packet announced more bytes than the receiver takes.',
    },
    'protocol-unsupported': {
      advice: 'give-up',
      meaning: 'A client asked for a protocol other than MQTT 3.1.1 or 5.0.',
    },
    'client-id-invalid': {
      advice: 'give-up',
      meaning: 'A client identifier is empty where it must not be, or longer than is accepted.',
    },
    'topic-invalid': {
      advice: 'give-up',
      meaning: 'A topic name is empty, holds a wildcard, or is longer or deeper than is accepted.',
    },
    'topic-filter-invalid': {
      advice: 'give-up',
      meaning:
        'A topic filter is empty, has a wildcard in a wrong place, or is longer or deeper than is accepted.',
    },
    'topic-alias-invalid': {
      advice: 'give-up',
      meaning: 'A topic alias is 0, above the announced maximum, or was never set.',
    },
    'receive-maximum-exceeded': {
      advice: 'give-up',
      meaning: 'A client sent more unacknowledged publications than the Receive Maximum allows.',
    },
    'qos-unsupported': {
      advice: 'give-up',
      meaning: 'A client published with a QoS above the announced Maximum QoS.',
    },
    'auth-unsupported': {
      advice: 'give-up',
      meaning: 'A client asked for an authentication method; none is offered.',
    },
    'not-authorized': {
      advice: 'give-up',
      meaning: 'A client of MQTT 3.1.1 published on a topic that it has no right to.',
    },
    'mqtt-string-invalid': {
      advice: 'give-up',
      meaning: 'A text cannot be sent over MQTT: over 65,535 bytes, with U+0000, or no well-formed Unicode.',
    },
    'connect-refused': { advice: 'give-up', meaning: 'The broker refused the connection with a reason.' },
    'connection-lost': {
      advice: 'retry',
      meaning: 'The connection to the broker ended; what was not acknowledged has to be sent again.',
    },
    'publisher-ended': { advice: 'give-up', meaning: 'The publisher was ended and takes nothing more.' },
    'subscriber-ended': { advice: 'give-up', meaning: 'The subscriber was ended and receives nothing more.' },
    'subscription-refused': {
      advice: 'retry',
      meaning: 'A broker refuses a topic filter, or grants less than the QoS that is wanted.',
    },
    'session-lost': {
      advice: 'retry',
      meaning:
        'A broker has forgotten the session of a subscriber, and with it the messages that waited there.',
    },
    'session-file-invalid': {
      advice: 'give-up',
      meaning: 'The session file of a subscriber is none, or of a newer version.',
    },
    'broker-url-invalid': {
      advice: 'give-up',
      meaning: 'The address of a broker cannot be read; mqtt, mqtts, ws and wss are known.',
    },
  };

/** A fault of MQTT. */
export class MqttError extends CodedError<MqttFault> {
  get advice(): Advice {
    return MQTT_FAULTS[this.code].advice;
  }
}

/** The fault of bytes that are no packet. */
export function malformed(message: string, facts: Readonly<Record<string, unknown>> = {}): MqttError {
  return new MqttError('malformed-packet', message, facts);
}

/** The fault of a packet that the protocol does not allow. */
export function protocolError(message: string, facts: Readonly<Record<string, unknown>> = {}): MqttError {
  return new MqttError('protocol-error', message, facts);
}
