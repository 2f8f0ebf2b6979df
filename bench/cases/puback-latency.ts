import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Generator, LatencyHistogram } from '@skerry/testkit';
import type { BenchCase, Figures, Run } from '../frame/case.ts';
import { generatorOptions, type Load, warmUp } from '../frame/load.ts';
import { startSkerry } from '../frame/skerry.ts';

const LOAD: Load = { connections: 100, window: 100, devices: 1_000, metrics: 2, rate: 5_000 };
const SLICE_MS = 1_000;
/** Five messages with their records' heads: what one millisecond brings at 5,000 a second. */
const BARE_BYTES = 1_500;

/** Latency from sending to PUBACK at 5,000 a second, by turns with a bare write and fdatasync on the same disk. */
export const PUBACK_LATENCY: BenchCase = {
  name: 'puback-latency',
  title: 'PUBACK latency at 5,000 messages a second',
  sides: [
    {
      name: 'skerry',
      promise: 'PUBACK after write and fdatasync of the journal; pipeline and store at work',
      run: skerry,
    },
  ],
  targets: [
    {
      wanted: 'p99Ms <= 10 ms, or <= 3 times bareP99Ms',
      judge: ({ skerry: found }) => {
        const [p99, bare] = [found?.p99Ms, found?.bareP99Ms];
        if (p99 === undefined || bare === undefined) return undefined;
        return {
          found: `${p99.toFixed(1)} ms; bare write+fdatasync ${bare.toFixed(1)} ms, ${(p99 / bare).toFixed(1)} times`,
          isMet: p99 <= 10 || p99 <= 3 * bare,
        };
      },
    },
  ],
  short: { rounds: 2, secs: 8 },
  full: { rounds: 5, secs: 60 },
  notes: [
    'After two seconds of warming up: one second of load, then one second in which the load rests and 1,500 bytes (what a millisecond brings) are appended and synced every millisecond in the same folder, and so on.',
    'The latency of a message counts from its write to the socket to the arrival of PUBACK in the generator.',
  ],
};

async function skerry({ folder, secs }: Run): Promise<Figures> {
  await using broker = await startSkerry(folder);
  await warmUp(broker.port);
  await using generator = new Generator(generatorOptions(broker.port, LOAD));
  await generator.wait('up');
  const bare = new LatencyHistogram();
  for (let passed = 0; passed < secs * 1_000; passed += 2 * SLICE_MS) {
    await generator.set({ isPaused: false });
    await pause(SLICE_MS);
    await generator.set({ isPaused: true });
    await generator.wait('answered');
    await bareWrites(join(folder, 'bare'), bare);
  }
  const { latencyMs, ackedInAll } = await generator.result();
  return {
    acked: ackedInAll,
    p50Ms: latencyMs.p50,
    p90Ms: latencyMs.p90,
    p99Ms: latencyMs.p99,
    maxMs: latencyMs.max,
    bareP50Ms: bare.percentile(0.5),
    bareP99Ms: bare.percentile(0.99),
    bareMaxMs: bare.maxMs,
  };
}

/** A second of appending and syncing, one write at most each millisecond. */
async function bareWrites(path: string, latencies: LatencyHistogram): Promise<void> {
  const file = openSync(path, 'a');
  const bytes = Buffer.alloc(BARE_BYTES, 'x');
  const endMs = performance.now() + SLICE_MS;
  while (performance.now() < endMs) {
    const before = performance.now();
    writeSync(file, bytes);
    fdatasyncSync(file);
    latencies.add(performance.now() - before);
    await pause(1);
  }
  closeSync(file);
}
