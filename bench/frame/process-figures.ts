import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SEC = 100; // USER_HZ, the same on every Linux

/** CPU seconds that a process has used so far, all its threads, those that have ended included, without children. */
export function cpuSecsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC;
}

/** Resident set of a process in MB of 10^6 bytes, and the most it ever was. */
export function rssMbOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const megabytes = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1_024) / 1e6;
  return { now: megabytes('VmRSS'), peak: megabytes('VmHWM') };
}

/** Thread ids of a process by the names of its threads. */
export function threadsOf(pid: number): ReadonlyMap<string, number> {
  const ids = readdirSync(`/proc/${pid}/task`);
  return new Map(
    ids.map((id) => [readFileSync(`/proc/${pid}/task/${id}/comm`, 'latin1').trim(), Number(id)]),
  );
}
