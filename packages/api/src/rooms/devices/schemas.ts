import { count, flag, list, nullable, object, oneOfWords, ref, text, time } from '../../schema-kit.ts';
import { deviceKey, integerMark, nextCursor, value, verdicts } from '../parts.ts';

const device = {
  ...deviceKey,
  lastSeen: time('Newest receipt.'),
  metrics: count('Number of metrics.'),
};

const connected = (what: string) => oneOfWords(what, ['connected', 'disconnected', 'never']);

/** What this room takes and answers. */
export const DEVICES_SCHEMAS = {
  Device: object('A device as it was seen.', device),
  DevicePage: object('Devices by tenant, project and id.', {
    time: time('Time of the server.'),
    total: count('Devices of the whole list.'),
    items: list(ref('Device')),
    cursor: nextCursor,
  }),
  DeviceDetail: object('A device with what is known about it.', {
    time: time('Time of the server.'),
    ...device,
    metricList: list(
      object('One metric.', {
        metric: text('Name.'),
        type: oneOfWords('How values are kept.', ['number', 'integer', 'boolean', 'text']),
      }),
    ),
    accounts: object('Verdicts of its records.', verdicts),
    timeCorrected: count('Records whose event time was replaced by the receive time.'),
    seqResets: count('Restarts of its own numbering.'),
    gaps: count('Open gaps in its own numbering.'),
    connected: connected(
      'Whether a client that speaks for it over MQTT is connected; `never`: none is known.',
    ),
  }),
  Connectivity: object('How a device is connected over MQTT.', {
    time: time('Time of the server.'),
    now: object('Where it stands.', {
      state: connected('`never`: nobody is known to have spoken for it over MQTT.'),
      since: nullable(time('Since when; null for `never`.')),
      event: nullable(ref('SessionEvent')),
    }),
    clients: list(
      object('A client that speaks for it, the last to speak first.', {
        client: text('Client id.'),
        user: text('Name of the subject.'),
        state: oneOfWords('Where it stands.', ['connected', 'disconnected']),
        since: time('Since when.'),
        speaksSince: time('When it was first heard for the device after another client.'),
      }),
    ),
    events: list(ref('SessionEvent')),
    leftOut: count(
      'Further events of the last days of its clients that were not kept, since a client has too many.',
    ),
    isCut: flag('True when older events of the range are left out of the answer.'),
  }),
  SessionEvent: object(
    'A connection that began or ended. Those before the range are the last one of each client before it.',
    {
      time: time('When, by the server.'),
      kind: oneOfWords('What happened.', ['connected', 'disconnected']),
      reason: text(
        'Stable word: `connect`, `client-disconnect`, `client-disconnect-with-will`, `taken-over`, `keep-alive`, `network`, `queue-full`, `output-full`, `access-revoked`, `shutdown`, `server-restart`, or the code of the fault of the client.',
      ),
      client: text('Client id.'),
      user: text('Name of the subject.'),
      remote: text('`host:port` of the peer.'),
      protocol: text('`3.1.1` or `5.0`.'),
      listener: text('`mqtt`, `mqtts`, `ws` or `wss`; empty where it was not noted.'),
      isEncrypted: flag('True over TLS.'),
    },
  ),
  Latest: object('Newest value of each metric.', {
    time: time('Time of the server.'),
    items: list(
      object('One metric.', { metric: text('Name.'), time: time('Event time.'), value, type: integerMark }, [
        'type',
      ]),
    ),
  }),
} as const;
