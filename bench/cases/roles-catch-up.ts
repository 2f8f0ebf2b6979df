import { setTimeout as pause } from 'node:timers/promises';
import { Generator } from '@skerry/testkit';
import { atLeast, atMost, type BenchCase, type Figures, type Run, SKERRY } from '../frame/case.ts';
import { generatorOptions, type Load } from '../frame/load.ts';
import { cpuSecsOf } from '../frame/process-figures.ts';
import {
  committed,
  committedRecords,
  connectReader,
  mustHold,
  type RolesWay,
  startWay,
  whyNoRoles,
} from './roles-way.ts';

const LIVE_PER_SEC = 5_000;
const LOAD: Load = { connections: 100, window: 100, devices: 1_000, metrics: 2, rate: LIVE_PER_SEC };
const WARM_MS = 5_000;
const LOOK_MS = 100;
/** Up with the live load: less than this many milliseconds of it without a verdict. */
const BEHIND_MS = 500;
const GIVE_UP_MS = 600_000;
const KAFKA_AWAY = 'kafka-away';
const PROMISE = 'PUBACK upstream after fsync; Kafka acks=all; a row is committed once with its position';

/** The database, and beside it Kafka, is away for a while under a load that goes on. */
export const ROLES_CATCH_UP: BenchCase = {
  name: 'roles-catch-up',
  title:
    'Catching up after the database or Kafka was away for ten minutes at 5,000 messages a second (short form: 20 s), the load going on',
  sides: [
    {
      name: SKERRY,
      promise: `${PROMISE}; the database is away`,
      whyMissing: whyNoRoles,
      run: (run) => outage(run, ({ postgres }) => postgres),
    },
    {
      name: KAFKA_AWAY,
      promise: `${PROMISE}; Kafka is away`,
      whyMissing: whyNoRoles,
      run: (run) => outage(run, ({ kafka }) => kafka),
    },
  ],
  targets: [
    atLeast('timesLive', 10, 'times the live rate, the database back'),
    atMost('pubackP99Ms', 1_000, 'ms to PUBACK while it catches up, the database back'),
    atLeast('timesLive', 10, 'times the live rate, Kafka back', KAFKA_AWAY),
    atMost('pubackP99Ms', 1_000, 'ms to PUBACK while it catches up, Kafka back', KAFKA_AWAY),
  ],
  short: { rounds: 1, secs: 20 },
  full: { rounds: 1, secs: 600 },
  notes: [
    'One gateway, one writer. The server is killed (SIGKILL), started again on its files after `secs`, and is back when it accepts connections; what clients need to find it again counts. Up to date is: fewer than 500 ms of the live load have no verdict in the database yet. The rate is everything that got a verdict by then, by the time since the server was back.',
    '`pubackP99Ms` is the time from a publication until the gateway has acknowledged it upstream (PUBACK), durable in its buffer, while it catches up: how long ago as many messages had been sent as are acknowledged now, ten times a second, from the moment the server was back until it is up to date. `awayPubackP99Ms` is the same while the server was away. What is visible comes in order of each device: a live message waits for those before it, at most `catchUpSecs`.',
    'The run fails unless counts and sums in the store are those that were sent.',
  ],
};

/** A server that can be away. */
type Server = { kill(): Promise<void>; restart(): Promise<void> };

async function outage({ folder, secs }: Run, serverOf: (way: RolesWay) => Server): Promise<Figures> {
  await using way = await startWay(folder);
  await using generator = new Generator(generatorOptions(way.mosquitto.port, LOAD));
  await generator.wait('up');
  await generator.set({ isPaused: false });
  await pause(WARM_MS);
  const server = serverOf(way);
  const live = new LiveDelays(way, generator);
  await server.kill();
  await live.follow(secs * 1_000);
  await server.restart();
  const [startedMs, cpuBefore] = [performance.now(), cpuSecsOf(way.writer.pid)];
  const away = live.taken();
  const { done, backlog } = await upToDate(way, generator, live);
  const catchingUp = live.taken();
  const secsTaken = (performance.now() - startedMs) / 1_000;
  const cpuSecs = cpuSecsOf(way.writer.pid) - cpuBefore;
  await generator.set({ isPaused: true });
  await generator.wait('answered');
  const { ackedInAll, sums } = await generator.result();
  await committed(way.postgres, ackedInAll);
  await mustHold(way.postgres, { project: 'run', count: ackedInAll, sums });
  return {
    backlog,
    catchUpSecs: secsTaken,
    perSec: done / secsTaken,
    timesLive: done / secsTaken / LIVE_PER_SEC,
    cpuSecsPerMillion: (cpuSecs / done) * 1e6,
    pubackP50Ms: percentile(catchingUp, 0.5),
    pubackP99Ms: percentile(catchingUp, 0.99),
    awayPubackP50Ms: percentile(away, 0.5),
    awayPubackP99Ms: percentile(away, 0.99),
  };
}

/** Resolves when few records are left behind, with those that got a verdict meanwhile and those that had none at first. */
async function upToDate(
  { postgres }: RolesWay,
  generator: Generator,
  live: LiveDelays,
): Promise<{ readonly done: number; readonly backlog: number }> {
  await using reader = await connectReader(postgres);
  const deadline = performance.now() + GIVE_UP_MS;
  let first: { readonly done: number; readonly backlog: number } | undefined;
  for (;;) {
    await live.follow(LOOK_MS);
    const done = await committedRecords(reader);
    const { acked } = await generator.set({});
    first ??= { done, backlog: acked - done };
    if (acked - done <= (LIVE_PER_SEC * BEHIND_MS) / 1_000)
      return { done: done - first.done, backlog: first.backlog };
    if (performance.now() > deadline)
      throw new TypeError(`${done} of ${acked} records have a verdict after 600 s.`);
  }
}

/** The delay that so many of them do not exceed. */
function percentile(delays: readonly number[], share: number): number {
  return Number(delays.toSorted((a, b) => a - b)[Math.ceil(delays.length * share) - 1]);
}

/** How long ago as many messages had been sent as the gateway has acknowledged, again and again. */
class LiveDelays {
  readonly #way: RolesWay;
  readonly #generator: Generator;
  readonly #sent: { readonly ms: number; readonly count: number }[] = [];
  #delays: number[] = [];

  constructor(way: RolesWay, generator: Generator) {
    this.#way = way;
    this.#generator = generator;
  }

  /** Looks for some milliseconds. */
  async follow(ms: number): Promise<void> {
    const end = performance.now() + ms;
    do {
      const { sent } = await this.#generator.set({});
      this.#sent.push({ ms: performance.now(), count: sent });
      const acked = await this.#way.gateway.metric('iot_subscriber_acked_total');
      const now = performance.now();
      if (acked === undefined) throw new TypeError('The gateway does not tell iot_subscriber_acked_total.');
      this.#delays.push(this.#since(acked, now));
      await pause(LOOK_MS);
    } while (performance.now() < end);
  }

  /** Delays in milliseconds since they were taken last. */
  taken(): readonly number[] {
    const delays = this.#delays;
    this.#delays = [];
    return delays;
  }

  #since(acked: number, now: number): number {
    const before = this.#sent.findLast(({ count }) => count <= acked);
    const after = this.#sent.find(({ count }) => count > acked);
    // all that was sent at the last look is acknowledged, or more: it took no longer than since then
    if (!after) return now - Number(this.#sent.at(-1)?.ms);
    if (!before) return now - after.ms;
    const share = (acked - before.count) / (after.count - before.count);
    return now - (before.ms + share * (after.ms - before.ms));
  }
}
