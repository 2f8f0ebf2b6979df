import type { Counter, Gauge, Meter } from '@skerry/kernel';

/** Why a message did not reach a subscriber, or was not taken. */
export type DropReason =
  | 'queue-full'
  | 'slow-reader'
  | 'expired'
  | 'packet-too-large'
  | 'session-ended'
  | 'retained-full'
  | 'will-refused';

/** The broker's own metrics; each is registered once, when it first has something to say or at the start. */
export class BrokerMeters {
  readonly connections: Gauge;
  readonly sessions: Gauge;
  readonly subscriptions: Gauge;
  readonly unacked: Gauge;
  readonly queuedBytes: Gauge;
  readonly retainedMessages: Gauge;
  readonly retainedBytes: Gauge;
  readonly held: Gauge;
  readonly received: readonly [Counter, Counter, Counter];
  readonly receivedBytes: Counter;
  readonly acknowledged: Counter;
  readonly refused: Counter;
  readonly sent: Counter;
  readonly accepted: Counter;
  readonly floods: Counter;
  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;
    this.connections = meter.gauge('iot_mqtt_connections', 'MQTT connections at the moment.');
    this.sessions = meter.gauge('iot_mqtt_sessions', 'Sessions in memory, of connected and absent clients.');
    this.subscriptions = meter.gauge('iot_mqtt_subscriptions', 'Subscriptions of all sessions.');
    this.unacked = meter.gauge('iot_mqtt_unacked_publications', 'Publications that are not durable yet.');
    this.queuedBytes = meter.gauge('iot_mqtt_queued_bytes', 'Bytes that wait for all sessions together.');
    this.retainedMessages = meter.gauge('iot_mqtt_retained_messages', 'Retained messages.');
    this.retainedBytes = meter.gauge('iot_mqtt_retained_bytes', 'Bytes of the retained messages.');
    this.held = meter.gauge('iot_mqtt_held_connections', 'Connections that are not read at the moment.');
    const received = (qos: string): Counter =>
      meter.counter('iot_mqtt_publishes_received_total', 'PUBLISH packets taken from clients.', { qos });
    this.received = [received('0'), received('1'), received('2')];
    this.receivedBytes = meter.counter('iot_mqtt_received_bytes_total', 'Bytes read from clients.');
    this.acknowledged = meter.counter('iot_mqtt_pubacks_sent_total', 'PUBACK and PUBREC of success.');
    this.refused = meter.counter(
      'iot_mqtt_publishes_refused_total',
      'PUBLISH packets answered by a refusal.',
    );
    this.sent = meter.counter('iot_mqtt_publishes_sent_total', 'PUBLISH packets written to clients.');
    this.accepted = meter.counter('iot_mqtt_connects_total', 'CONNECT packets that were accepted.');
    this.floods = meter.counter(
      'iot_mqtt_connections_refused_total',
      'Connections closed: too many of them.',
    );
  }

  /** A message that went no further. */
  dropped(reason: DropReason, count = 1): void {
    if (count > 0)
      this.#meter.counter('iot_mqtt_dropped_total', 'Messages that went no further.', { reason }).add(count);
  }

  /** A packet, or a CONNECT, that was not in order. */
  fault(fault: string): void {
    this.#meter.counter('iot_mqtt_faults_total', 'Faults of clients.', { fault }).add(1);
  }

  /** A connection that ended, with the reason that the platform is told too. */
  disconnected(reason: string): void {
    this.#meter.counter('iot_mqtt_disconnects_total', 'Connections that ended.', { reason }).add(1);
  }
}
