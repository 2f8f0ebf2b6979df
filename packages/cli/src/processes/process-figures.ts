import { statfs } from 'node:fs/promises';
import { type Clock, type Meter, type MetricFamily, mergeFamilies, watchEventLoop } from '@skerry/kernel';
import { VERSION } from '../version.ts';
import { withEarlierNames } from './earlier-names.ts';

/** Sets the gauges of the process itself: memory, heap of the main thread, CPU time of all threads, age. */
export function noteProcess(meter: Meter): void {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  meter.gauge('iot_process_resident_memory_bytes', 'Resident memory of the process.').set(rss);
  meter.gauge('iot_process_heap_bytes', 'Heap of the main thread that is in use.').set(heapUsed);
  meter.gauge('iot_process_cpu_seconds', 'CPU time of the process, all threads.').set((user + system) / 1e6);
  meter.gauge('iot_process_uptime_seconds', 'Time since the process started.').set(process.uptime());
}

/** What a process is, and how it is asked how it does. */
export interface ProcessIdentity {
  readonly role: 'up' | 'gateway' | 'writer' | 'cloud';
  /** Why it is not ready, or not whole; each with its code. */
  readonly reasons: () => readonly { readonly code: string }[];
  /** Folder whose disk it writes to; absent for a process that keeps nothing. */
  readonly dataDir?: string;
}

/** The metrics that every role has: what it is, how it does, its memory, CPU, disk and the delay of its event loop. */
export class ProcessFigures implements Disposable {
  readonly #identity: ProcessIdentity;
  readonly #meter: Meter;
  readonly #watch: Disposable;

  constructor(identity: ProcessIdentity, { clock, meter }: { readonly clock: Clock; readonly meter: Meter }) {
    this.#identity = identity;
    this.#meter = meter;
    this.#watch = watchEventLoop('main', { clock, meter });
    meter
      .gauge('iot_build_info', '1; version and role of the process are in its labels.', {
        version: VERSION,
        role: identity.role,
      })
      .set(1);
    meter
      .gauge('iot_process_start_time_seconds', 'When the process started, s since 1970.')
      .set(clock.nowMicros() / 1e6 - process.uptime());
  }

  /** Everything that the meter has, together with the families of others, under their own and their earlier names. */
  async families(others: readonly (readonly MetricFamily[])[]): Promise<MetricFamily[]> {
    const meter = this.#meter;
    noteProcess(meter);
    await this.#noteDisk();
    const all = mergeFamilies([meter.snapshot(), ...others, readinessOf(this.#identity.reasons())]);
    return withEarlierNames(all);
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  async #noteDisk(): Promise<void> {
    const { dataDir } = this.#identity;
    if (dataDir === undefined) return;
    const disk = await statfs(dataDir).catch(() => undefined); // a file system that does not tell its size has no figures
    if (!disk) return;
    const bytes = (name: string, help: string, blocks: number) =>
      this.#meter.gauge(name, help).set(blocks * disk.bsize);
    bytes('iot_disk_free_bytes', 'Free bytes of the disk of the data folder.', disk.bavail);
    bytes('iot_disk_size_bytes', 'Bytes of the disk of the data folder.', disk.blocks);
  }
}

/** Codes come and go: what is not a reason any more has no sample. */
function readinessOf(reasons: readonly { readonly code: string }[]): MetricFamily[] {
  const counts = new Map<string, number>();
  for (const { code } of reasons) counts.set(code, (counts.get(code) ?? 0) + 1);
  return [
    {
      name: 'iot_ready',
      kind: 'gauge',
      help: '1 while the process does all of its work, 0 while something keeps it from a part.',
      samples: [{ labels: {}, value: reasons.length === 0 ? 1 : 0 }],
    },
    {
      name: 'iot_not_ready_reasons',
      kind: 'gauge',
      help: 'What keeps the process from its work, by code; no sample while nothing does.',
      samples: [...counts].map(([code, value]) => ({ labels: { code }, value })),
    },
  ];
}
