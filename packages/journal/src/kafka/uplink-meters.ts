import type { Clock, Counter, Gauge, Histogram, Meter } from '@skerry/kernel';

/** How far an uplink is behind. */
export interface UplinkLag {
  readonly records: number;
  /** Age of the oldest record that is not in Kafka yet. */
  readonly seconds: number;
}

/** Upper bounds of the buckets, s. */
const WRITE_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];
const LATENCY_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600];

/** The numbers of an uplink, as metrics. */
export class UplinkMeters {
  readonly #meter: Meter;
  readonly #lag: () => UplinkLag;
  readonly #sent: Counter;
  readonly #tries: Counter;
  readonly #isConnected: Gauge;
  readonly #lagRecords: Gauge;
  readonly #lagSeconds: Gauge;
  readonly #clock: Pick<Clock, 'nowMicros' | 'monotonicMs'>;
  readonly #writeSeconds: Histogram;
  readonly #latency: Histogram;
  /** When the round that is on its way was given to Kafka. */
  #sendingMs: number | undefined;

  constructor(meter: Meter, clock: Pick<Clock, 'nowMicros' | 'monotonicMs'>, lag: () => UplinkLag) {
    this.#meter = meter;
    this.#clock = clock;
    this.#writeSeconds = meter.histogram(
      'iot_kafka_write_seconds',
      'Time from giving a round of records to Kafka until all of them are acknowledged.',
      WRITE_SECONDS,
    );
    this.#latency = meter.histogram(
      'iot_processing_latency_seconds',
      'Time from the receipt of a record to the end of a stage; end_to_end: until its points are visible.',
      LATENCY_SECONDS,
      { stage: 'kafka' },
    );
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

  /** Kafka has lost records that it had acknowledged; so many are sent again. `isWhole`: all of them are. */
  lost(again: number, isWhole: boolean): void {
    this.#meter
      .counter(
        'iot_kafka_uplink_again_total',
        'Records that are sent to Kafka again, since it has lost what it had acknowledged; complete: whether the buffer had all of them.',
        { complete: String(isWhole) },
      )
      .add(again);
  }

  /** A round of records is given to Kafka. */
  sending(): void {
    this.#sendingMs = this.#clock.monotonicMs();
  }

  /** Kafka has taken the records of a round, the oldest of which was received at `firstMicros`. */
  sent(records: number, firstMicros: number): void {
    this.#sent.add(records);
    if (this.#sendingMs !== undefined) {
      this.#writeSeconds.observe((this.#clock.monotonicMs() - this.#sendingMs) / 1_000);
      const age = Math.max(0, (this.#clock.nowMicros() - firstMicros) / 1e6);
      if (records > 0) this.#latency.observe(age, records);
      this.#sendingMs = undefined;
    }
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
