import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { atMost, type BenchCase, type Figures } from '../frame/case.ts';
import { atExit } from '../frame/exit-hook.ts';
import { ROOT } from '../frame/machine.ts';

const LOOK_MS = 5;
const GIVE_UP_MS = 60_000;

/** From `npm start` to a server that takes messages, with everything installed and built. */
export const START_UP: BenchCase = {
  name: 'start-up',
  title: 'Warm start: `npm start` to ready',
  sides: [
    {
      name: 'skerry',
      promise: '`/ready` answers 200: messages are taken and shown',
      run: async ({ folder }) => {
        const firstMs = await startMs(join(folder, 'skerry'));
        return { firstMs, warmMs: await startMs(join(folder, 'skerry')) };
      },
    },
  ],
  targets: [atMost('warmMs', 3_000, 'ms')],
  short: { rounds: 3, secs: 1 },
  full: { rounds: 9, secs: 1 },
  notes: [
    'npm, the set-up check and the supervisor are inside the time. `firstMs` makes a new data folder, `warmMs` starts again on it; the demo is on.',
  ],
};

/** Starts on a data folder, ends it again, and gives the milliseconds until it was ready. */
async function startMs(dataDir: string): Promise<Figures[string]> {
  const startedMs = performance.now();
  const child = spawn('npm', ['start', '--silent'], {
    cwd: ROOT,
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      SKERRY_DATA_DIR: dataDir,
      SKERRY_HTTP_PORT: '0',
      SKERRY_MQTT_PORT: '0',
      SKERRY_LOG_LEVEL: 'error',
    },
  });
  const ended = once(child, 'exit');
  const killAll = (): void => {
    if (child.exitCode === null && child.signalCode === null) process.kill(-Number(child.pid), 'SIGKILL');
  };
  using _hook = atExit(killAll);
  try {
    while (!(await isReady(dataDir))) {
      if (child.exitCode !== null || performance.now() - startedMs > GIVE_UP_MS)
        throw new TypeError(`npm start was not ready (exit code ${child.exitCode}).`);
      await pause(LOOK_MS);
    }
    const readyMs = performance.now() - startedMs;
    process.kill(Number(readRun(dataDir)?.pid), 'SIGTERM');
    await ended;
    return readyMs;
  } finally {
    killAll();
  }
}

async function isReady(dataDir: string): Promise<boolean> {
  const run = readRun(dataDir);
  if (!run) return false;
  try {
    const response = await fetch(`http://127.0.0.1:${run.http.port}/ready`);
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false; // not listening yet: asked again by the caller
  }
}

/** What the running server has told; undefined before. */
function readRun(
  dataDir: string,
): { readonly pid: number; readonly http: { readonly port: number } } | undefined {
  const path = join(dataDir, 'run.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}
