import type { Meter } from '@skerry/kernel';

/** Sets the gauges of the process itself: memory, heap of the main thread, CPU time of all threads, age. */
export function noteProcess(meter: Meter): void {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  meter.gauge('iot_process_resident_memory_bytes', 'Resident memory of the process.').set(rss);
  meter.gauge('iot_process_heap_bytes', 'Heap of the main thread that is in use.').set(heapUsed);
  meter.gauge('iot_process_cpu_seconds', 'CPU time of the process, all threads.').set((user + system) / 1e6);
  meter.gauge('iot_process_uptime_seconds', 'Time since the process started.').set(process.uptime());
}
