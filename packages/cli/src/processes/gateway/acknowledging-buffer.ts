import type { Journal } from '@skerry/journal';
import type { PositionFile, TopicLeast, Uplink, UplinkNeeds } from '@skerry/journal/kafka';
import type { Clock, Logger, Meter, MetricFamily, Random } from '@skerry/kernel';
import type { IngressNeeds } from '../platform-ingress.ts';

/** Where messages are between their broker and Kafka, and what decides when they are acknowledged. */
export interface AcknowledgingBuffer {
  /** What the uplink reads, and what is told of to PostgreSQL. */
  readonly journal: UplinkNeeds['journal'] & Pick<Journal, 'received'>;
  /** Where the uplink keeps its position; undefined for a buffer that lives no longer than the process. */
  readonly positionFile: PositionFile | undefined;
  /** What topics have to have, where Kafka alone stands for what is acknowledged; undefined where the buffer does. */
  readonly least: TopicLeast | undefined;
  /** Where messages go in; what it calls durable is acknowledged to the broker. */
  readonly appender: IngressNeeds['appender'];
  /** Rejects with the fault after which nothing is taken in any more. */
  readonly failed: Promise<never>;
  /** Tells which uplink reads it, before anything goes in. */
  sentBy(uplink: Uplink): void;
  /** Resolves when what went in is durable. Rejects when it never will be. */
  flush(): Promise<void>;
  /** Its metrics that are not in the process's own meter. */
  metrics(): Promise<readonly MetricFamily[]>;
}

/** What a buffer works with. */
export interface AcknowledgingNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly meter: Meter;
  readonly logger: Logger;
  readonly failpoint: string | undefined;
}
