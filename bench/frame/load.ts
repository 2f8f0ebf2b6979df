import { setTimeout as pause } from 'node:timers/promises';
import { Generator, runGenerator } from '@skerry/testkit';
import type { Figures } from './case.ts';
import { cpuSecsOf } from './process-figures.ts';

/** A broker under test: where it listens and which process works. */
export interface Broker extends AsyncDisposable {
  readonly port: number;
  /** The process whose CPU seconds and memory count. */
  readonly pid: number;
}

/** What is published: JSON of 200 bytes at QoS 1. */
export interface Load {
  readonly connections: number;
  readonly window: number;
  readonly devices: number;
  readonly metrics: number;
  /** Messages a second in all; 0 is as many as are acknowledged. */
  readonly rate: number;
}

const WARM_UP_MS = 1_000;

/** Options of the generator's process for a load. */
export function generatorOptions(port: number, load: Load): Record<string, string | number> {
  return { port, ...load, bytes: 200, 'ack-timeout-ms': 60_000 };
}

/**
 * Publishes for some seconds behind a second of warming up, and gives what was acknowledged a second, CPU seconds of the
 * broker's process per million, those of the generator beside it, and latencies from sending to PUBACK.
 */
export async function publishFor(broker: Broker, load: Load, secs: number): Promise<Figures> {
  await using generator = new Generator(generatorOptions(broker.port, load));
  await generator.wait('up');
  await generator.set({ isPaused: false });
  await pause(WARM_UP_MS);
  const [before, cpuBefore] = [await generator.result(), cpuSecsOf(broker.pid)];
  await pause(secs * 1_000);
  const [after, cpuAfter] = [await generator.result(), cpuSecsOf(broker.pid)];
  await generator.set({ isPaused: true });
  if (after.refused > 0 || after.connectionsLost > 0)
    throw new TypeError(
      `The broker refused ${after.refused} messages and lost ${after.connectionsLost} connections; none was expected.`,
    );
  const acked = after.ackedInAll - before.ackedInAll;
  if (acked === 0) throw new TypeError('The broker acknowledged nothing.');
  return {
    perSec: acked / (after.secs - before.secs),
    cpuSecsPerMillion: ((cpuAfter - cpuBefore) / acked) * 1e6,
    generatorCpuSecsPerMillion: ((after.cpuSecs - before.cpuSecs) / acked) * 1e6,
    p50Ms: after.latencyMs.p50,
    p99Ms: after.latencyMs.p99,
  };
}

const WARM_UP: Load = { connections: 50, window: 100, devices: 100, metrics: 2, rate: 5_000 };

/** Two seconds of a small load in a project of its own, so that no cold code is measured; gives its messages. */
export async function warmUp(port: number): Promise<number> {
  const count = WARM_UP.rate * 2;
  await runGenerator({ ...generatorOptions(port, WARM_UP), project: 'warm-up', epoch: 9, count });
  return count;
}
