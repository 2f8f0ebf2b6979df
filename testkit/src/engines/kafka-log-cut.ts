import { closeSync, fsyncSync, openSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import type { Kafka } from './kafka.ts';

/** How long the files of logs are at a moment, by their paths. */
export type LogLengths = ReadonlyMap<string, number>;

/** Lengths of the files that hold the records of topics, on all nodes: what a disk has when it was synced now, and not again. */
export function logLengths(kafka: Pick<Kafka, 'nodes'>, topics: readonly string[]): LogLengths {
  const lengths = new Map<string, number>();
  for (const { logFolder } of kafka.nodes)
    for (const folder of readdirSync(logFolder)) {
      if (!topics.includes(folder.slice(0, folder.lastIndexOf('-')))) continue;
      for (const file of readdirSync(join(logFolder, folder)))
        if (file.endsWith('.log')) {
          const path = join(logFolder, folder, file);
          lengths.set(path, statSync(path).size);
        }
    }
  return lengths;
}

/**
 * A power cut: kills every node and takes away what came to the files of logs since their lengths were looked at. Kafka
 * does not sync what it acknowledges, so a disk may have had no more than that. Gives the number of bytes that were taken.
 */
export async function cutPower(kafka: Kafka, lengths: LogLengths): Promise<number> {
  await kafka.kill();
  let taken = 0;
  for (const [path, length] of lengths) {
    taken += statSync(path).size - length;
    truncateSync(path, length);
    const file = openSync(path, 'r+');
    fsyncSync(file);
    closeSync(file);
  }
  return taken;
}
