import type { Clock, CodedError, Connection, FailpointHook, Meter, Random } from '@skerry/kernel';
import type { PacketCursor } from '../packet-cursor.ts';
import type { ProtocolLevel, Qos } from '../packets/packet-type.ts';
import type { FilterStatus, WantedFilter } from './filter-book.ts';
import type { SubscriberSessionStore } from './session-store.ts';

/** Who a client says it is. */
export interface Credentials {
  readonly username?: string;
  readonly password?: Uint8Array;
}

/** Choices of a subscriber. */
export interface SubscriberOptions {
  /** A short name of the broker, for metrics and logs. */
  readonly name: string;
  /** Not empty, and the same after every restart: the broker keeps the session by it. */
  readonly clientId: string;
  readonly filters: readonly WantedFilter[];
  /** 4 is MQTT 3.1.1; 5 unless given. */
  readonly level?: ProtocolLevel;
  /** 30 unless given; 0 for none, and then a silent broker is not noticed. */
  readonly keepAliveSecs?: number;
  /** Level 5: how long the broker keeps the session while nobody is connected; seven days unless given. */
  readonly sessionExpirySecs?: number;
  /** Messages that may be unacknowledged, 1 to 65,535; `LIMITS.subscriberReceiveMaximum` unless given. */
  readonly receiveMaximum?: number;
  /** Greatest packet that is taken whole; `LIMITS.packetBytesMax` unless given. Larger messages are handed out cut. */
  readonly packetBytesMax?: number;
  /** Asked before each attempt to connect, so that renewed secrets count. */
  readonly credentials?: () => Credentials;
  /**
   * Asks the broker for the number of messages it drops (mosquitto's `$SYS/broker/publish/messages/dropped`) and tells when
   * it grows. Nothing of it reaches the consumer. A broker that cuts the connection for it is not asked again.
   */
  readonly isWatchingDrops?: boolean;
  /** What is told by no answer; what it throws is not caught. */
  readonly onEvent?: (event: SubscriberEvent) => void;
}

/** What a subscriber needs of the platform. */
export interface SubscriberNeeds {
  /** Makes a connection to the broker: TCP, TLS or a WebSocket. */
  readonly dial: (signal: AbortSignal) => Promise<Connection>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'startTimer' | 'startTicker' | 'sleep'>;
  readonly random: Pick<Random, 'float'>;
  readonly meter: Meter;
  readonly consumer: MessageConsumer;
  /** Where the session is kept; in memory unless given, and then QoS 2 is at least once over a restart. */
  readonly store?: SubscriberSessionStore;
  readonly failpoint?: FailpointHook;
}

/** Who takes the messages of a subscriber. */
export interface MessageConsumer {
  /**
   * Takes a message, which is one object for all, valid during the call with its views. Each is to be acknowledged exactly
   * once, later, by `acknowledge` in the order of the calls or by `settle` in any, over all connections. What it throws is
   * not caught.
   */
  take(message: ReceivedMessage): void;
  /** Why nothing more is taken at the moment, or undefined; asked once per received chunk. `goOn` ends it. */
  refusal(): string | undefined;
}

/** A message as it came. Its packet identifier and DUP flag say nothing about whether it came before. */
export interface ReceivedMessage {
  /** 1 for the first that was handed out, and so on, over all connections. */
  readonly number: number;
  /** Where everything lies: indexes and the hash of the topic, for those who know topics by their bytes. */
  readonly cursor: PacketCursor;
  /** UTF-8, checked, without wildcards: a view. */
  readonly topic: Uint8Array;
  /** A view; the beginning only where `oversizeBytes` is not 0. */
  readonly payload: Uint8Array;
  readonly qos: Qos;
  readonly isRetained: boolean;
  /** The DUP flag, for people to look at. */
  readonly isDuplicate: boolean;
  /** Size of the packet where it is larger than is taken whole; else 0. */
  readonly oversizeBytes: number;
}

/** What happens to a subscriber, in words. Each is counted too. */
export type SubscriberEvent =
  | { readonly type: 'connected'; readonly isSessionPresent: boolean; readonly why: string }
  /** A connection ended, or none came about; the next attempt is made after `retryMs`. */
  | {
      readonly type: 'disconnected';
      readonly fault: CodedError;
      readonly retryMs: number;
      readonly why: string;
    }
  /** Another client came with this identifier, as level 5 says, or may have: connections end soon after they are accepted. */
  | { readonly type: 'taken-over'; readonly why: string }
  /** A filter was granted as it was wanted. */
  | { readonly type: 'subscribed'; readonly status: FilterStatus; readonly why: string }
  /** A filter was refused, or granted with less; it is asked for again. */
  | { readonly type: 'subscription-refused'; readonly status: FilterStatus; readonly why: string }
  /** A session was expected and the broker has none: messages that waited there are lost. */
  | { readonly type: 'session-lost'; readonly why: string }
  /** The broker keeps the session for a shorter time than was asked for. */
  | { readonly type: 'session-shortened'; readonly why: string }
  /** The broker sends more than Receive Maximum allows; told once for each connection. */
  | { readonly type: 'window-exceeded'; readonly why: string }
  /** A message is larger than is taken whole. */
  | { readonly type: 'oversize'; readonly topic: string; readonly bytes: number; readonly why: string }
  /** The broker says that it dropped messages, of any of its clients, for full queues. */
  | { readonly type: 'broker-dropped'; readonly count: number; readonly why: string }
  /** The broker cuts the connection of who asks for the number of messages it drops: it is not asked again. Told once. */
  | { readonly type: 'drops-unwatched'; readonly why: string }
  /** A change of the session could not be written, and is tried again. */
  | { readonly type: 'store-fault'; readonly fault: CodedError; readonly why: string };

/** How a subscriber fares. */
export interface SubscriberState {
  readonly phase: 'connecting' | 'connected' | 'waiting' | 'ended';
  /** What is wrong, in words; empty where all is well. */
  readonly degraded: readonly string[];
  readonly filters: readonly FilterStatus[];
  /** Messages that were handed out. */
  readonly taken: number;
  /** Messages that the consumer has not acknowledged. */
  readonly unacked: number;
  /** The connection is not read, because the consumer takes nothing or has too much. */
  readonly isHeld: boolean;
  /** Packet identifiers of QoS 2 that are not released. */
  readonly kept: number;
  /** With `isWatchingDrops`: the broker's own count of dropped messages, undefined until it has told one. */
  readonly brokerDropped: number | undefined;
}
