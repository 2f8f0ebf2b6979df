import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { SeededRandom } from '@skerry/kernel/testing';
import { openPublisher, type Publisher } from '@skerry/mqtt';
import { type Stack, startStack } from '@skerry/testkit/stack';
import { ROLE_FAULTS, type RoleFault } from './faults.ts';
import { settledStand, sum } from './stand.ts';

/** How a campaign is made. */
export interface RoleCampaign {
  readonly runs: number;
  readonly seed: number;
  readonly say: (line: string) => void;
  readonly isOver: () => boolean;
}

/** What came of it. */
export interface RoleVerdict {
  readonly runs: number;
  readonly sent: number;
  readonly lost: number;
  /** Records stored twice. */
  readonly doubled: number;
  /** Messages of a device that stand in another order than they were sent in. */
  readonly inverted: number;
  /** Runs after which not all was stored in time. */
  readonly stuck: number;
  /** Runs whose fault did not come about. */
  readonly missed: number;
  /** Records that came to the store twice and were known by their origin. */
  readonly repeated: number;
  readonly visits: ReadonlyMap<string, number>;
}

const DEVICES = 40;
const LOAD_MS = 2_500;
const SETTLE_MS = 120_000;
const LOOK_MS = 100;
const clock = nodeClock();

/**
 * Runs of load over a mosquitto, Kafka, PostgreSQL, a gateway and two writers with one fault each; after each the store
 * is asked for every message by its value.
 */
export async function runRoleCampaign({ runs, seed, say, isOver }: RoleCampaign): Promise<RoleVerdict> {
  const folder = mkdtempSync(join(tmpdir(), 'skerry-roles-'));
  const random = new SeededRandom(seed);
  const total = { runs: 0, sent: 0, stuck: 0, missed: 0 };
  const sent = new Map<string, number>();
  const visits = new Map<string, number>();
  try {
    await using stack = await startStack({
      folder,
      // of several gateways a shared subscription keeps no order
      gateways: 1,
      isProxied: true,
      config: { writer: { sessionMs: 6_000 } },
      say,
    });
    await using sender = await openSender(stack);
    for (let run = 0; run < runs && !isOver(); run++) {
      const fault = ROLE_FAULTS[run % ROLE_FAULTS.length];
      if (!fault) break;
      const place = `${fault.name}, between ${fault.between}`;
      const found = await oneRun(run, fault, { stack, sender, random });
      if (found.missed === 0) visits.set(place, (visits.get(place) ?? 0) + 1);
      sent.set(projectOf(run), found.sent);
      total.runs++;
      for (const key of ['sent', 'stuck', 'missed'] as const) total[key] += found[key];
      say(
        `run ${run + 1}: ${place}${found.missed > 0 ? ' (did not come about)' : ''}; ${found.state}; sent ${found.sent}, lost ${found.lost}, stored twice ${found.doubled}, inversions ${found.inverted}, known repeats ${found.known}, settled after ${found.settledSecs.toFixed(1)} s`,
      );
      if (found.stuck > 0) break; // what follows would be judged by what is stuck
    }
    const repeated = Number(
      await stack.postgres.sql('SELECT coalesce(sum(deduplicated), 0) FROM skerry.verdicts'),
    );
    return { ...total, ...(await sweep(stack, sent)), repeated, visits };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The verdict over all runs once more: what came late counts, too. */
async function sweep(stack: Stack, sent: ReadonlyMap<string, number>) {
  const all = { lost: 0, doubled: 0, inverted: 0 };
  for (const [project, count] of sent) {
    const [stored, distinct, inverted] = await verdictOf(stack, project);
    all.lost += count - distinct;
    all.doubled += stored - distinct;
    all.inverted += inverted;
  }
  return all;
}

function projectOf(run: number): string {
  return `run-${run}`;
}

interface RunNeeds {
  readonly stack: Stack;
  readonly sender: Publisher;
  readonly random: SeededRandom;
}

async function oneRun(run: number, fault: RoleFault, { stack, sender, random }: RunNeeds) {
  const project = projectOf(run);
  const before = await settledStand(stack, (ms) => clock.sleep(ms));
  const load = { isOn: true, sent: 0, isNumbered: fault.isRedelivered === true };
  const sending = sendWhile(load, sender, project);
  await clock.sleep(300 + (random.uint32() % 500));
  const state = await stateOf(stack, sender);
  const struck = fault.strike({ stack, before, random, pause: (ms) => clock.sleep(ms) });
  const [isHit] = await Promise.all([struck, clock.sleep(LOAD_MS)]);
  load.isOn = false;
  await sending;
  await sender.drained();
  const startMs = clock.monotonicMs();
  const deadline = startMs + SETTLE_MS;
  while (clock.monotonicMs() < deadline && (await countOf(stack, project)) < load.sent)
    await clock.sleep(LOOK_MS);
  const settledSecs = (clock.monotonicMs() - startMs) / 1_000;
  const [stored, distinct, inverted] = await verdictOf(stack, project);
  const known = await stack.postgres.sql(
    `SELECT coalesce(sum(deduplicated), 0) FROM skerry.verdicts WHERE project = '${project}'`,
  );
  return {
    sent: load.sent,
    lost: load.sent - distinct,
    doubled: stored - distinct,
    inverted,
    stuck: settledSecs * 1_000 >= SETTLE_MS ? 1 : 0,
    missed: isHit ? 0 : 1,
    state,
    known,
    settledSecs,
  };
}

/** Each device counts its messages; a value says which message of the run it is. */
async function sendWhile(
  load: { isOn: boolean; sent: number; readonly isNumbered: boolean },
  sender: Publisher,
  project: string,
): Promise<void> {
  while (load.isOn) {
    for (let i = 0; i < DEVICES; i++) {
      await sender.room();
      const value = load.sent++;
      const topic = `mtic/msg/client/realtime/t/${project}/dev-${value % DEVICES}`;
      // a number of its own, by which a broker's redelivery after a lost PUBACK is known
      const seq = load.isNumbered ? `,"seq":${Math.floor(value / DEVICES)}` : '';
      sender.publish(topic, Buffer.from(`{"value":${value}${seq}}`));
    }
    await clock.sleep(10);
  }
}

function openSender({ mosquitto }: Stack): Promise<Publisher> {
  const address = { host: '127.0.0.1', port: mosquitto.port };
  return openPublisher({ address, clientId: 'campaign' }, { clock, random: nodeRandom(), net: nodeNet() });
}

/** Where messages are at this moment. */
async function stateOf(stack: Stack, sender: Publisher): Promise<string> {
  const acked = await sum(stack.gateways, 'iot_subscriber_acked_total');
  const received = await sum(stack.gateways, 'iot_subscriber_received_total');
  const behind = await sum(stack.gateways, 'iot_kafka_uplink_lag_records');
  const lag = await sum(stack.writers, 'iot_kafka_lag_records');
  const shown = (count: number) => (Number.isNaN(count) ? 'unknown' : count);
  return `unacknowledged by mosquitto ${sender.figures().unacked}, by gateways ${shown(received - acked)}, in buffers ${shown(behind)}, in Kafka ${shown(lag)}`;
}

/** A server that is down answers later. */
async function countOf({ postgres }: Stack, project: string): Promise<number> {
  const sql = `SELECT count(DISTINCT value) FROM skerry.telemetry WHERE tenant = 't' AND project = '${project}'`;
  return Number(await postgres.sql(sql).catch(() => '0')); // asked again
}

async function verdictOf({ postgres }: Stack, project: string): Promise<[number, number, number]> {
  const where = `FROM skerry.telemetry WHERE tenant = 't' AND project = '${project}' AND metric = 'value'`;
  const text = await postgres.sql(
    `SELECT count(*), count(DISTINCT value), (SELECT count(*) FROM (
       SELECT value - lag(value) OVER (PARTITION BY device ORDER BY source, position) AS step ${where}) AS steps
       WHERE step <= 0) ${where}`,
  );
  const [stored = 0, distinct = 0, inverted = 0] = text.split('|').map(Number);
  return [stored, distinct, inverted];
}
