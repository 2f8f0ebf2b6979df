import type { PacketName } from '../packets/packet-type.ts';

/**
 * Where a connection stands. `opening`: no CONNECT yet. `judging`: CONNECT is in order and nobody has said yet whether its
 * client may come in. `serving`: CONNACK said success. `closing`: the last packet is written and nothing more is read.
 * `closed`: the network is gone.
 */
export type ConnectionState = 'opening' | 'judging' | 'serving' | 'closing' | 'closed';

/** What moves a connection on. */
export type ConnectionEvent = 'ask' | 'accept' | 'end' | 'close';

/** Every cell of a connection's life; what cannot happen any more changes nothing. */
export const CONNECTION_TABLE: Readonly<
  Record<ConnectionState, Readonly<Record<ConnectionEvent, ConnectionState>>>
> = {
  opening: { ask: 'judging', accept: 'opening', end: 'closing', close: 'closed' },
  judging: { ask: 'judging', accept: 'serving', end: 'closing', close: 'closed' },
  serving: { ask: 'serving', accept: 'serving', end: 'closing', close: 'closed' },
  closing: { ask: 'closing', accept: 'closing', end: 'closing', close: 'closed' },
  closed: { ask: 'closed', accept: 'closed', end: 'closed', close: 'closed' },
};

/**
 * What a packet from a client meets. `not-first` [MQTT-3.1.0-1], `second-connect` [MQTT-3.1.0-2], `not-for-server`: only a
 * server sends it, `no-exchange`: AUTH outside an exchange (4.12.1), `ignore`: nothing is read, for now or any more.
 */
export type PacketRule =
  | 'take'
  | 'not-first'
  | 'second-connect'
  | 'not-for-server'
  | 'no-exchange'
  | 'ignore';

type Rules = Readonly<Record<PacketName, PacketRule>>;

const NOTHING: Rules = {
  connect: 'ignore',
  connack: 'ignore',
  publish: 'ignore',
  puback: 'ignore',
  pubrec: 'ignore',
  pubrel: 'ignore',
  pubcomp: 'ignore',
  subscribe: 'ignore',
  suback: 'ignore',
  unsubscribe: 'ignore',
  unsuback: 'ignore',
  pingreq: 'ignore',
  pingresp: 'ignore',
  disconnect: 'ignore',
  auth: 'ignore',
};

/** Which packets a client may send, by the state of its connection. */
export const PACKET_RULES: Readonly<Record<ConnectionState, Rules>> = {
  opening: {
    connect: 'take',
    connack: 'not-first',
    publish: 'not-first',
    puback: 'not-first',
    pubrec: 'not-first',
    pubrel: 'not-first',
    pubcomp: 'not-first',
    subscribe: 'not-first',
    suback: 'not-first',
    unsubscribe: 'not-first',
    unsuback: 'not-first',
    pingreq: 'not-first',
    pingresp: 'not-first',
    disconnect: 'not-first',
    auth: 'not-first',
  },
  serving: {
    connect: 'second-connect',
    connack: 'not-for-server',
    publish: 'take',
    puback: 'take',
    pubrec: 'take',
    pubrel: 'take',
    pubcomp: 'take',
    subscribe: 'take',
    suback: 'not-for-server',
    unsubscribe: 'take',
    unsuback: 'not-for-server',
    pingreq: 'take',
    pingresp: 'not-for-server',
    disconnect: 'take',
    auth: 'no-exchange',
  },
  judging: NOTHING,
  closing: NOTHING,
  closed: NOTHING,
};
