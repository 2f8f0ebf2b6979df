import type { Counter, Gauge, Meter } from '@skerry/kernel';
import type { UplinkLag } from './uplink.ts';

/** The numbers of an uplink, as metrics. */
export class UplinkMeters {
  readonly #meter: Meter;
  readonly #lag: () => UplinkLag;
  readonly #sent: Counter;
  readonly #tries: Counter;
  readonly #isConnected: Gauge;
  readonly #lagRecords: Gauge;
  readonly #lagSeconds: Gauge;

  constructor(meter: Meter, lag: () => UplinkLag) {
    this.#meter = meter;
    this.#lag = lag;
    this.#sent = meter.counter(
      'iot_kafka_uplink_records_total',
      'Records that Kafka has taken from the uplink.',
    );
    this.#tries = meter.counter('iot_kafka_uplink_retries_total', 'Tries of the uplink that failed.');
    this.#isConnected = meter.gauge(
      'iot_kafka_uplink_connected',
      '1 while Kafka takes records, 0 while they wait.',
    );
    this.#lagRecords = meter.gauge(
      'iot_kafka_uplink_lag_records',
      'Durable records that are not in Kafka yet.',
    );
    this.#lagSeconds = meter.gauge(
      'iot_kafka_uplink_lag_seconds',
      'Age of the oldest record that is not in Kafka yet.',
    );
  }

  /** Kafka has taken records. */
  sent(records: number): void {
    this.#sent.add(records);
    this.observe();
  }

  /** A try failed. */
  waiting(): void {
    this.#tries.add(1);
    this.#isConnected.set(0);
    this.observe();
  }

  /** Kafka takes records. */
  connected(): void {
    this.#isConnected.set(1);
    this.observe();
  }

  /** A record went to the dead letters. */
  refused(reason: string): void {
    const name = 'iot_kafka_uplink_refused_total';
    this.#meter.counter(name, 'Records that went to the dead letters.', { reason }).add(1);
  }

  /** Takes the lag as it is now. */
  observe(): void {
    const { records, seconds } = this.#lag();
    this.#lagRecords.set(records);
    this.#lagSeconds.set(seconds);
  }
}
