import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SEC = 100; // USER_HZ, the same on every Linux

/** CPU seconds that a process has used so far, all its threads, those that have ended included, without children. */
export function cpuSecsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC;
}

/** CPU seconds of a server's threads so far, by what each is for; `other` is collecting garbage and compiling. */
export function threadCpuSecsOf(pid: number): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    const stat = readFileSync(`/proc/${pid}/task/${id}/stat`, 'latin1');
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const thread = Number(id) === pid ? 'main' : ['log', 'pipeline', 'store'].includes(name) ? name : 'other';
    const secs = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC;
    found.set(thread, (found.get(thread) ?? 0) + secs);
  }
  return found;
}

/** What each thread has used between two looks, per million messages: `mainCpuSecsPerMillion` and so on. */
export function threadFigures(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
  messages: number,
): Record<string, number> {
  const used = [...after].map(([thread, secs]) => [thread, secs - (before.get(thread) ?? 0)] as const);
  return Object.fromEntries(
    used.map(([thread, secs]) => [`${thread}CpuSecsPerMillion`, (secs / messages) * 1e6]),
  );
}

/** Resident set of a process in MB of 10^6 bytes, what of it no file backs, and the most it ever was. */
export function rssMbOf(pid: number): {
  readonly now: number;
  readonly anonymous: number;
  readonly peak: number;
} {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const megabytes = (name: string): number =>
    (Number(new RegExp(`^${name}:\\s*(\\d+) kB`, 'm').exec(status)?.[1]) * 1_024) / 1e6;
  return { now: megabytes('VmRSS'), anonymous: megabytes('RssAnon'), peak: megabytes('VmHWM') };
}

/** Thread ids of a process by the names of its threads. */
export function threadsOf(pid: number): ReadonlyMap<string, number> {
  const ids = readdirSync(`/proc/${pid}/task`);
  return new Map(
    ids.map((id) => [readFileSync(`/proc/${pid}/task/${id}/comm`, 'latin1').trim(), Number(id)]),
  );
}
