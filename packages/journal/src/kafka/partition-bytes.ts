import type { KafkaClient } from './kafka-client.ts';

/** Bytes that a partition takes on the disk of one broker, the most that any of them tells; 0 when none does. Fails with the `kafka-` codes. */
export async function partitionBytes(client: KafkaClient, topic: string, partition: number): Promise<number> {
  const asking = client.admin.describeLogDirs({ topics: [{ name: topic, partitions: [partition] }] });
  const brokers = await client.wrap(`find the size of ${topic}/${partition}`, asking);
  const sizes = brokers
    .flatMap(({ results }) => results)
    .flatMap(({ topics }) => topics)
    .flatMap(({ partitions }) => partitions)
    .map(({ partitionSize }) => Number(partitionSize));
  return Math.max(0, ...sizes);
}
