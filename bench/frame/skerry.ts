import { join } from 'node:path';
import { ServerProcess } from '@skerry/testkit';
import type { Broker } from './load.ts';

/** The product as people start it: `skerry up`, a process of four threads and its supervisor. */
export interface Skerry extends Broker {
  readonly server: ServerProcess;
}

/** Limits that a bench runs into and a laptop should not: the journal keeps what a paused pipeline does not take. */
const ROOM = { SKERRY_JOURNAL_BYTES_MAX: String(32 * 2 ** 30), SKERRY_LOG_LEVEL: 'error' };

/** Starts `skerry up` on a new data folder. Disposing kills it: nothing of a run is looked at afterwards. */
export async function startSkerry(folder: string, env: Record<string, string> = {}): Promise<Skerry> {
  const server = await ServerProcess.start({ dataDir: join(folder, 'skerry'), env: { ...ROOM, ...env } });
  return {
    server,
    port: server.mqttPort,
    pid: server.pids.server,
    [Symbol.asyncDispose]: () => server.kill(),
  };
}
