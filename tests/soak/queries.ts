import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '@skerry/kernel';
import type { ServerProcess } from '@skerry/testkit';
import type { Hole } from './refused-book.ts';

const BETWEEN_MS = 200;
const WINDOW_MS = 60_000;

/** Where the queries go, and what they are about. */
export interface QueryNeeds {
  /** The server that runs now; undefined while there is none. */
  readonly server: () => ServerProcess | undefined;
  readonly tenant: string;
  readonly project: string;
  readonly devices: readonly string[];
  readonly random: Random;
  readonly tell: (finding: string) => void;
  /** Hears of numbers that an answer left out, to be compared with what the sender was refused. */
  readonly onHole: (hole: Hole) => void;
  readonly onBucket: (bucket: Bucket) => void;
  readonly stop: AbortSignal;
}

/** A bucket that has fewer points than numbers between its least and its greatest. */
export interface Bucket {
  readonly device: string;
  readonly time: string;
  readonly count: number;
  readonly min: number;
  readonly max: number;
}

/** Asks everything that a page asks, one thing after the other, until it is stopped; gives back how often. */
export async function askAllAlong(needs: QueryNeeds): Promise<number> {
  const questions = [askPoints, askBuckets, askLatest, askDevices, askLedger, askMetrics];
  let asked = 0;
  for (let turn = 0; !needs.stop.aborted; turn++) {
    const server = needs.server();
    const ask = questions[turn % questions.length];
    if (server && ask) {
      try {
        await ask(server, needs);
        asked += 1;
      } catch (cause) {
        // one that was asked while its server went away has no answer to expect
        if (needs.server() === server && !needs.stop.aborted)
          needs.tell(`${ask.name}: ${cause instanceof Error ? cause.message : String(cause)}`);
      }
    }
    await pause(BETWEEN_MS);
  }
  return asked;
}

/** The last minute of a device: each number once, in order, without one between them missing. */
async function askPoints(server: ServerProcess, needs: QueryNeeds): Promise<void> {
  const { tenant, project, tell, onHole } = needs;
  const device = anyDevice(needs);
  const query = new URLSearchParams({
    tenant,
    project,
    device,
    metric: 'n',
    format: 'ndjson',
    ...lastWindow(),
  });
  const text = await textOf(server, `/api/v1/telemetry?${query}`);
  const numbers = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => Object(JSON.parse(line)).value);
  for (let i = 1; i < numbers.length; i++) {
    const [last, next] = [Number(numbers[i - 1]), Number(numbers[i])];
    if (next > last + 1) onHole({ device, from: last + 1, to: next - 1, where: 'a query' });
    else if (next !== last + 1) tell(`a query of ${device} answered ${last} and then ${next}`);
  }
}

/** The last minute in buckets: in each, as many points as there are numbers from its least to its greatest. */
async function askBuckets(server: ServerProcess, needs: QueryNeeds): Promise<void> {
  const { tenant, project, tell, onBucket } = needs;
  const device = anyDevice(needs);
  const query = new URLSearchParams({ tenant, project, device, metric: 'n', step: '5s', ...lastWindow() });
  query.set('aggregates', 'count,min,max');
  const { items } = Object(JSON.parse(await textOf(server, `/api/v1/telemetry?${query}`)));
  if (!Array.isArray(items)) throw new TypeError(`no items in the answer to ${query}`);
  for (const { time, count, min, max } of items) {
    if (count > max - min + 1)
      tell(`the bucket ${time} of ${device} has ${count} points, from ${min} to ${max}`);
    else if (count > 0 && count < max - min + 1) onBucket({ device, time, count, min, max });
  }
}

async function askLatest(server: ServerProcess, needs: QueryNeeds): Promise<void> {
  const { tenant, project } = needs;
  const found = Object(await server.get(`/api/v1/devices/${tenant}/${project}/${anyDevice(needs)}/latest`));
  if (!(Array.isArray(found.items) && found.items.length >= 3))
    needs.tell(`the latest values of a device were ${JSON.stringify(found).slice(0, 200)}`);
}

async function askDevices(server: ServerProcess, needs: QueryNeeds): Promise<void> {
  const found = Object(await server.get('/api/v1/devices?limit=1000'));
  const count = Array.isArray(found.items) ? found.items.length : -1;
  if (count !== needs.devices.length) needs.tell(`${count} devices were listed of ${needs.devices.length}`);
}

async function askLedger(server: ServerProcess, { tell }: QueryNeeds): Promise<void> {
  const ledger = await server.ledger();
  if (!ledger.isBalanced) tell(`the ledger did not balance: ${JSON.stringify(ledger)}`);
}

async function askMetrics(server: ServerProcess, { tell }: QueryNeeds): Promise<void> {
  const text = await textOf(server, '/metrics');
  if (!text.includes('iot_')) tell('/metrics told of nothing');
}

function anyDevice({ devices, random }: QueryNeeds): string {
  return String(devices[random.uint32() % devices.length]);
}

function lastWindow(): { readonly from: string; readonly to: string } {
  const nowMs = Date.now();
  return { from: new Date(nowMs - WINDOW_MS).toISOString(), to: new Date(nowMs).toISOString() };
}

async function textOf(server: ServerProcess, path: string): Promise<string> {
  const response = await server.ask(path, { signal: AbortSignal.timeout(30_000) });
  const text = await response.text();
  if (response.status !== 200)
    throw new TypeError(`${path} answered ${response.status}: ${text.slice(0, 300)}`);
  return text;
}
