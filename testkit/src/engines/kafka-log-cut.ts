import { closeSync, fsyncSync, openSync, readdirSync, readSync, statSync, truncateSync } from 'node:fs';
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

/**
 * Records of topics in the files of logs behind the lengths that these had, whether or not anybody was told of them. Whole
 * batches only; of topics without transactions, on the node that has the most.
 */
export function recordsSince(
  kafka: Pick<Kafka, 'nodes'>,
  topics: readonly string[],
  lengths: LogLengths,
): number {
  const counts = kafka.nodes.map((node) => {
    let count = 0;
    for (const [path, length] of logLengths({ nodes: [node] }, topics))
      count += recordsBetween(path, lengths.get(path) ?? 0, length);
    return count;
  });
  return Math.max(...counts);
}

/** Of a batch: its offset (8), the bytes behind its length (4 at 8), … and its records (4 at 57). */
const BATCH_HEAD_BYTES = 61;

function recordsBetween(path: string, from: number, to: number): number {
  const bytes = Buffer.alloc(Math.max(0, to - from));
  const file = openSync(path, 'r');
  const length = readSync(file, bytes, 0, bytes.byteLength, from);
  closeSync(file);
  let count = 0;
  for (let at = 0; at + BATCH_HEAD_BYTES <= length; ) {
    const end = at + 12 + bytes.readInt32BE(at + 8);
    if (end > length) break;
    count += bytes.readInt32BE(at + 57);
    at = end;
  }
  return count;
}
