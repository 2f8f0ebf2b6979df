import type { Counter, Gauge, Labels, Meter } from '@skerry/kernel';
import type { Qos } from '../packets/packet-type.ts';

/** The metrics of one subscriber, by the name of its source. */
export interface SubscriberMeters {
  readonly received: Readonly<Record<Qos, Counter>>;
  readonly acked: Counter;
  readonly reconnects: Counter;
  readonly sessionsLost: Counter;
  readonly oversize: Counter;
  readonly brokerDropped: Counter;
  readonly exceeded: Counter;
  readonly unacked: Gauge;
  readonly wantingFilters: Gauge;
  readonly isConnected: Gauge;
  readonly isHeld: Gauge;
  /** A connection that ended or did not come about, by the code of its fault. */
  disconnected(code: string): void;
}

/** Registers the metrics of a subscriber. */
export function subscriberMeters(meter: Meter, source: string): SubscriberMeters {
  const labels = { source };
  const received = (qos: Qos): Counter =>
    meter.counter(
      'iot_subscriber_received_total',
      'Messages taken from external brokers, by source and QoS.',
      {
        source,
        qos: String(qos),
      },
    );
  return {
    received: { 0: received(0), 1: received(1), 2: received(2) },
    acked: meter.counter(
      'iot_subscriber_acked_total',
      'PUBACKs and PUBRECs sent to external brokers, by source.',
      labels,
    ),
    reconnects: meter.counter(
      'iot_subscriber_reconnects_total',
      'Connections to an external broker after the first, by source.',
      labels,
    ),
    sessionsLost: meter.counter(
      'iot_subscriber_sessions_lost_total',
      'Sessions that an external broker has forgotten with the messages that waited there, by source.',
      labels,
    ),
    oversize: meter.counter(
      'iot_subscriber_oversize_total',
      'Messages larger than are taken whole, by source; their beginning is dead-lettered, the rest lost.',
      labels,
    ),
    brokerDropped: meter.counter(
      'iot_subscriber_broker_dropped_total',
      'Messages that an external broker says it dropped for full queues, of any of its clients, by source.',
      labels,
    ),
    exceeded: meter.counter(
      'iot_subscriber_window_exceeded_total',
      'Connections on which an external broker has sent more than Receive Maximum allows, by source.',
      labels,
    ),
    ...subscriberGauges(meter, labels),
    disconnected: (code) =>
      meter
        .counter(
          'iot_subscriber_disconnects_total',
          'Connections to an external broker that ended or did not come about, by source and code of the fault.',
          { source, code },
        )
        .add(1),
  };
}

function subscriberGauges(
  meter: Meter,
  labels: Labels,
): Pick<SubscriberMeters, 'unacked' | 'wantingFilters' | 'isConnected' | 'isHeld'> {
  return {
    unacked: meter.gauge(
      'iot_subscriber_unacked',
      'Messages of an external broker that are not durable yet, by source.',
      labels,
    ),
    wantingFilters: meter.gauge(
      'iot_subscriber_refused_filters',
      'Topic filters that an external broker refuses or grants with a lower QoS, by source.',
      labels,
    ),
    isConnected: meter.gauge(
      'iot_subscriber_connected',
      '1 while an external broker has accepted the connection, else 0, by source.',
      labels,
    ),
    isHeld: meter.gauge(
      'iot_subscriber_held',
      '1 while the connection is not read because what came is not durable yet, by source.',
      labels,
    ),
  };
}
