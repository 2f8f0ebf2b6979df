import { gzipSync } from 'node:zlib';
import type { ServerProcess } from '@skerry/testkit';
import { atLeast, atMost, type BenchCase, type Figures, type Run } from '../frame/case.ts';
import { cpuSecsOf, rssMbOf } from '../frame/process-figures.ts';
import { startSkerry } from '../frame/skerry.ts';

const DEVICES = 20;
/** Objects of one record, and records of one request: 50,000 points. */
const OBJECTS = 250;
const RECORDS = 100;
const METRICS = 2;
const START_MS = Date.UTC(2026, 0, 1);
const STEP_MS = 1_000;
const LOOK_MS = 50;
const ANSWER_MS = 600_000;

/** Points that leave by `GET /api/v1/export/telemetry` as CSV, and the memory that it takes. */
export const EXPORT: BenchCase = {
  name: 'export',
  title: 'Export of telemetry as CSV',
  sides: [
    {
      name: 'skerry',
      promise: 'every point of 40 series in a stable order, exact, read by one client over loopback',
      run: exported,
    },
  ],
  targets: [atMost('rssGrowthMb', 96, 'MB'), atLeast('perSec', 200_000, 'points/s')],
  short: { rounds: 1, secs: 1 },
  full: { rounds: 1, secs: 10 },
  notes: [
    '`secs` stands for millions of points here. They are sent over HTTP first, gzip and NDJSON, and sealed. `rssGrowthMb` is the most the server process grew over its resident set before the export, looked at every 50 ms; `fillPerSec` are points a second on the way in. Every row is counted.',
  ],
};

async function exported({ folder, secs: millions, say }: Run): Promise<Figures> {
  await using skerry = await startSkerry(folder);
  const { server, pid } = skerry;
  const points =
    Math.round((millions * 1e6) / (OBJECTS * RECORDS * METRICS * DEVICES)) *
    OBJECTS *
    RECORDS *
    METRICS *
    DEVICES;
  const fillStartMs = performance.now();
  await fill(server, points / METRICS / DEVICES);
  await server.quiet(ANSWER_MS);
  const fillSecs = (performance.now() - fillStartMs) / 1_000;
  say(`${points} points are stored after ${fillSecs.toFixed(1)} s`);
  const before = rssMbOf(pid).now;
  const cpuBefore = cpuSecsOf(pid);
  let most = before;
  const looking = setInterval(() => {
    most = Math.max(most, rssMbOf(pid).now);
  }, LOOK_MS);
  const startMs = performance.now();
  const { rows, bytes } = await readExport(server);
  const secs = (performance.now() - startMs) / 1_000;
  clearInterval(looking);
  if (rows !== points + 1) throw new TypeError(`${rows - 1} points came, ${points} had been sent.`);
  return {
    perSec: points / secs,
    mbPerSec: bytes / secs / 1e6,
    rssBeforeMb: before,
    rssGrowthMb: most - before,
    cpuSecsPerMillion: ((cpuSecsOf(pid) - cpuBefore) / points) * 1e6,
    fillPerSec: points / fillSecs,
  };
}

/** Sends so many objects of each device. */
async function fill(server: ServerProcess, objects: number): Promise<void> {
  for (let device = 0; device < DEVICES; device++) {
    for (let from = 0; from < objects; from += OBJECTS * RECORDS) {
      const lines = Array.from({ length: RECORDS }, (_, record) => recordOf(device, from + record * OBJECTS));
      const body = Uint8Array.from(gzipSync(`${lines.join('\n')}\n`, { level: 1 }));
      const response = await fetch(
        `http://127.0.0.1:${server.httpPort}/api/v1/telemetry/bench/export/device-${device}`,
        {
          method: 'POST',
          headers: {
            authorization: `Bearer ${server.token}`,
            'content-type': 'application/x-ndjson',
            'content-encoding': 'gzip',
          },
          body,
        },
      );
      const text = await response.text();
      if (response.status === 503)
        from -= OBJECTS * RECORDS; // it asks for patience: the same again
      else if (response.status !== 200) throw new TypeError(`POST answered ${response.status}: ${text}`);
    }
  }
}

function recordOf(device: number, from: number): string {
  const objects = Array.from({ length: OBJECTS }, (_, i) => {
    const n = from + i;
    return { ts: START_MS + n * STEP_MS, wave: Math.sin(n / 1_000 + device), count: n };
  });
  return JSON.stringify(objects);
}

async function readExport(server: ServerProcess): Promise<{ readonly rows: number; readonly bytes: number }> {
  const response = await fetch(
    `http://127.0.0.1:${server.httpPort}/api/v1/export/telemetry?from=2026-01-01&to=2027-01-01&format=csv`,
    { headers: { authorization: `Bearer ${server.token}`, 'accept-encoding': 'identity' } },
  );
  if (response.status !== 200)
    throw new TypeError(`GET answered ${response.status}: ${await response.text()}`);
  let rows = 0;
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, at + 1)) rows++;
  }
  return { rows, bytes };
}
