import type { Logger, Meter } from '@skerry/kernel';
import { JournalError } from '../errors.ts';
import type { Offset } from '../journal.ts';
import type { KafkaClient } from './kafka-client.ts';
import { findCuts } from './leader-epochs.ts';
import type { FetchedSet } from './record-set-reader.ts';

/** Where a reader stands in Kafka, beside its position: what it has to keep with it. */
export interface KafkaPlace {
  /** Of the leader that took the last record below the position; -1 where that is not known. */
  readonly epoch: number;
  /** What is added to Kafka's offsets: offsets that were read stay taken when Kafka loses what it had there. */
  readonly shift: number;
}

/** A partition as it is asked about. */
export interface PlacedPartition {
  readonly topic: string;
  readonly topicId: string;
  readonly partition: number;
}

/** What a place is found with. */
export interface PlaceNeeds {
  readonly client: KafkaClient;
  readonly logger: Logger;
  readonly meter: Meter;
}

const PLACES_KEPT = 64;

/** Follows which leaders the records that are read come from, and sees when Kafka has lost some of them. */
export class PlaceBook {
  readonly shift: number;
  readonly #of: PlacedPartition;
  /** From which offset on records are of an epoch, oldest first. */
  #epochs: { readonly from: Offset; readonly epoch: number }[];
  #readEnd: Offset;

  /** `position`: everything below was read, the last of it from the leader that `place` says. */
  constructor(of: PlacedPartition, position: Offset, place: KafkaPlace) {
    this.#of = of;
    this.shift = place.shift;
    this.#readEnd = position;
    this.#epochs = place.epoch < 0 ? [] : [{ from: -1, epoch: place.epoch }];
  }

  /** Batches were fetched in order. */
  note(sets: readonly FetchedSet[]): void {
    for (const { baseOffset, lastOffset, leaderEpoch } of sets) {
      const from = baseOffset + this.shift;
      const last = this.#epochs.at(-1);
      if (from + lastOffset - baseOffset < this.#readEnd) continue;
      this.#readEnd = lastOffset + 1 + this.shift;
      if (last && last.epoch >= leaderEpoch) continue;
      this.#epochs.push({ from, epoch: leaderEpoch });
      if (this.#epochs.length > PLACES_KEPT) this.#epochs.shift();
    }
  }

  /** What has to be kept with a position. */
  at(position: Offset): KafkaPlace {
    const found = this.#epochs.findLast(({ from }) => from < position);
    return { epoch: found?.epoch ?? -1, shift: this.shift };
  }

  /** Fails with `kafka-forgot` when Kafka does not have any more what was read, or what it said to have (`end`); with the `kafka-` codes when it cannot be asked. */
  async check(client: KafkaClient, end: Offset, endNow: Offset): Promise<void> {
    const last = this.#epochs.at(-1);
    const [cut] = last
      ? await findCuts(client, [{ ...this.#of, epoch: last.epoch, offset: this.#readEnd - this.shift }])
      : [];
    if (!cut && endNow >= end) return;
    throw forgot(this.#of, Math.max(end, this.#readEnd), cut && !cut.isOther ? cut.end + this.shift : endNow);
  }
}

/**
 * The place to go on from behind a position: a shift by which nothing that was read is met again under its offset, where
 * Kafka has lost the end of its log. `end` is Kafka's. Fails with the `kafka-` codes.
 */
export async function findPlace(
  of: PlacedPartition,
  { position, kept, end }: { readonly position: Offset; readonly kept: KafkaPlace; readonly end: number },
  { client, logger, meter }: PlaceNeeds,
): Promise<KafkaPlace> {
  const { topic, partition } = of;
  const offset = position - kept.shift;
  const [cut] = kept.epoch < 0 ? [] : await findCuts(client, [{ ...of, epoch: kept.epoch, offset }]);
  const still = Math.min(cut ? cut.end : offset, end);
  const lost = Math.max(0, offset - still);
  meter
    .counter('iot_kafka_forgotten_records_total', 'Records that were read, and that Kafka lost afterwards.', {
      topic,
      partition: String(partition),
    })
    .add(lost);
  if (lost === 0) return kept;
  logger.log('error', 'Kafka has lost records that were read; reading goes on where its log was cut', {
    topic,
    partition,
    lost,
    from: still,
  });
  return { epoch: -1, shift: position - still };
}

/** Kafka has lost records that were read. */
export function forgot({ topic, partition }: PlacedPartition, end: Offset, cut: Offset): JournalError {
  return new JournalError(
    'kafka-forgot',
    `Cannot go on in ${topic}/${partition}: it had records up to ${end}, and now has those up to ${cut} only.`,
    { topic, partition, end, cut },
  );
}
