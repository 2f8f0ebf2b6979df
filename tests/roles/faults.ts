import type { SeededRandom } from '@skerry/kernel/testing';
import { cutPower, logLengths } from '@skerry/testkit/engines';
import type { Stack } from '@skerry/testkit/stack';
import {
  COMES_MS,
  comes,
  heldByKafka,
  isTakenOver,
  openSeals,
  ownerName,
  owners,
  type Stand,
  sum,
  TOPIC,
  unfetched,
} from './stand.ts';

/** Something that goes wrong while messages are under way, and between which two steps of a message's way it falls. */
export interface RoleFault {
  readonly name: string;
  readonly between: string;
  /** Whether the broker sends again what it had sent: only then do devices number their messages. */
  readonly isRedelivered?: boolean;
  /** Makes it happen, and what it takes that things go on afterwards; false when nothing was seen between the two steps. */
  strike(scene: FaultScene): Promise<boolean>;
}

/** What a fault strikes. */
export interface FaultScene {
  readonly stack: Stack;
  /** How everything stood before the load of this run. */
  readonly before: Stand;
  readonly random: SeededRandom;
  readonly pause: (ms: number) => Promise<void>;
}

type Role = 'gateway' | 'writer';

/** Of partitions that are shared out anew. */
const SHARE_EVERY_MS = 3_000;
const SHARES = 3;
/** How often a moment is sought that falls where it is to. */
const TRIES = 200;
/** Freezes of Kafka, each of which is longer. */
const FREEZES = 12;

/** The role dies at a passage of a failpoint, in the load, and is started again without it. */
function deathAt(role: Role, failpoint: string, between: string): RoleFault {
  return {
    name: `${role} killed`,
    between,
    isRedelivered: role === 'gateway',
    strike: async ({ stack, random, pause }) => {
      const processes = role === 'gateway' ? stack.gateways : stack.writers;
      const victim = processes[random.uint32() % processes.length];
      if (!victim) return false;
      await victim.kill();
      await victim.restart({ SKERRY_FAILPOINT: `${failpoint}:kill:${3 + (random.uint32() % 12)}` });
      const { pid } = victim;
      const isHit = await comes(() => victim.pid !== pid, pause);
      await victim.kill();
      await victim.restart({});
      return isHit;
    },
  };
}

/** Nothing comes to Kafka while the gateway goes on acknowledging; then it dies. What was under way may come to Kafka later. */
const deathBeforeKafka: RoleFault = {
  name: 'gateway killed',
  between: 'acknowledged to the broker and produced to Kafka',
  isRedelivered: true,
  strike: async ({ stack, random, pause }) => {
    const { gateways, kafka } = stack;
    const [proxy, victim] = [kafka.nodes[0]?.proxy, gateways[random.uint32() % gateways.length]];
    if (!proxy || !victim) return false;
    const acked = () => sum([victim], 'iot_subscriber_acked_total');
    proxy.faults = { stalls: 'both' };
    const before = await acked();
    await pause(random.uint32() % 400);
    const isHit = await comes(async () => (await acked()) > before, pause);
    victim.killWorker();
    proxy.faults = {};
    await victim.answering();
    return isHit;
  },
};

/** Kafka takes records in and its answers are held back; then it dies, and the answers with it. */
async function killUnanswered({ stack, before, random, pause }: FaultScene): Promise<boolean> {
  const { kafka } = stack;
  const proxy = kafka.nodes[0]?.proxy;
  if (!proxy) return false;
  proxy.faults = { stalls: 'to-client' };
  await pause(100 + (random.uint32() % 300));
  await kafka.kill();
  proxy.reset();
  proxy.faults = {};
  const { logged, acked } = await heldByKafka(stack, before, pause);
  await pause(random.uint32() % 1_000);
  await kafka.restart();
  return logged > acked;
}

async function freezeUnfetched({ stack, before, random, pause }: FaultScene): Promise<boolean> {
  for (let tries = 0; tries < FREEZES; tries++) {
    await stack.kafka.freeze();
    const waiting = await unfetched(stack, before, pause);
    stack.kafka.thaw();
    if (waiting > 0) return true;
    await pause(100 + (random.uint32() % 100));
  }
  return false;
}

async function cutUnsynced({ stack, before, random, pause }: FaultScene): Promise<boolean> {
  const { kafka } = stack;
  const lengths = logLengths(kafka, [TOPIC]);
  await pause(200 + (random.uint32() % 1_000));
  const bytes = await cutPower(kafka, lengths);
  const { logged, acked } = await heldByKafka(stack, before, pause);
  await pause(random.uint32() % 500);
  await kafka.restart();
  return bytes > 0 && acked > logged;
}

/** What writers send is held back at moments of chance until it leaves a seal's transaction open. */
async function crashInSeal({ stack, random, pause }: FaultScene): Promise<boolean> {
  const { postgres, proxy } = stack;
  if (!proxy) return false;
  let isOpen = false;
  for (let tries = 0; tries < TRIES && !isOpen; tries++) {
    await pause(random.uint32() % 150);
    proxy.faults = { stalls: 'to-server' };
    await pause(20); // what the server has of it is done by then, or waits for more
    isOpen = (await openSeals(stack)) > 0;
    if (!isOpen) proxy.faults = {};
  }
  await postgres.crash();
  proxy.reset();
  proxy.faults = {};
  await pause(random.uint32() % 1_000);
  await postgres.restart();
  return isOpen;
}

/** A writer's connection is lost at the COMMIT of a seal; those of folds, leases and tells, which write no points, pass. */
async function cutSeal(when: 'before' | 'answered', { stack, random, pause }: FaultScene): Promise<boolean> {
  await pause(random.uint32() % 1_000);
  const where = async (port: number): Promise<boolean> => (await openSeals(stack, port)) > 0;
  const signal = AbortSignal.timeout(COMES_MS);
  try {
    await stack.proxy?.cutAt('COMMIT', when, { where, signal });
    return stack.proxy !== undefined;
  } catch (cause) {
    if (signal.aborted) return false;
    throw cause;
  }
}

/** Writers end in turn, so that the others get their partitions, and come again. */
async function shareAnew({ stack, random, pause }: FaultScene): Promise<boolean> {
  const { writers } = stack;
  let taken = 0;
  for (let times = 0; times < SHARES; times++) {
    const one = writers[random.uint32() % writers.length];
    if (!one) return false;
    const name = ownerName(one);
    await comes(async () => [...(await owners(stack)).values()].includes(name), pause);
    const had = await owners(stack);
    const every = pause(SHARE_EVERY_MS);
    await one.stop();
    if (await isTakenOver(stack, name, had, pause)) taken++;
    await one.restart({});
    await every;
  }
  return taken === SHARES;
}

async function freezeAndWake({ stack, random, pause }: FaultScene): Promise<boolean> {
  const { writers } = stack;
  const one = writers[random.uint32() % writers.length];
  if (!one) return false;
  const name = ownerName(one);
  await comes(async () => [...(await owners(stack)).values()].includes(name), pause);
  one.freeze();
  const had = await owners(stack);
  const isTaken = await isTakenOver(stack, name, had, pause);
  await pause(500);
  one.thaw();
  return isTaken;
}

/** Every fault with the step it falls into; a campaign visits each as often. */
export const ROLE_FAULTS: readonly RoleFault[] = [
  deathAt('gateway', 'journal-before-write', 'received and written to the buffer'),
  deathAt('gateway', 'journal-after-write', 'written to the buffer and synced'),
  deathAt('gateway', 'journal-after-sync', 'synced and acknowledged to the broker'),
  deathBeforeKafka,
  {
    name: 'Kafka killed',
    between: 'written by Kafka and acknowledged by it',
    strike: killUnanswered,
  },
  {
    name: 'Kafka frozen',
    between: 'acknowledged by Kafka and fetched',
    strike: freezeUnfetched,
  },
  {
    name: 'power cut of Kafka',
    between: 'acknowledged by Kafka and on its disk',
    strike: cutUnsynced,
  },
  deathAt('writer', 'pipeline-after-decode', 'decoded and sealed'),
  deathAt('writer', 'seal-before-commit', 'written in the transaction and committed'),
  deathAt('writer', 'seal-after-commit', 'committed and known to be'),
  {
    name: 'PostgreSQL crashed',
    between: 'points written in the transaction and committed',
    strike: crashInSeal,
  },
  {
    name: 'connection cut',
    between: 'COMMIT sent and its answer',
    strike: (scene) => cutSeal('answered', scene),
  },
  {
    name: 'connection cut',
    between: 'written in the transaction and COMMIT',
    strike: (scene) => cutSeal('before', scene),
  },
  {
    name: 'partitions shared out anew every 3 s',
    between: 'owned by one writer and by another',
    strike: shareAnew,
  },
  {
    name: 'writer frozen until others had taken over, then woken',
    between: 'owned by one writer, who still means to, and by another',
    strike: freezeAndWake,
  },
];
