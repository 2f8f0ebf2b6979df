import type { SeededRandom } from '@skerry/kernel/testing';
import { cutPower, logLengths } from '@skerry/testkit/engines';
import type { Stack } from '@skerry/testkit/stack';

/** Something that goes wrong while messages are under way, and between which two steps of a message's way it falls. */
export interface RoleFault {
  readonly name: string;
  readonly between: string;
  /** Whether the broker sends again what it had sent: only then do devices number their messages. */
  readonly isRedelivered?: boolean;
  /** Makes it happen, and what it takes that things go on afterwards; false when it did not come about. */
  strike(stack: Stack, random: SeededRandom, pause: (ms: number) => Promise<void>): Promise<boolean>;
}

type Role = 'gateway' | 'writer';

/** How long a passage or a takeover is waited for. */
const COMES_MS = 30_000;
const LOOK_MS = 25;
/** Of partitions that are shared out anew. */
const SHARE_EVERY_MS = 3_000;
const SHARES = 3;

/** Topic of the stack's records. */
const TOPIC = 'iot.telemetry';

/** The role dies at a passage of a failpoint, in the load, and is started again without it. */
function deathAt(role: Role, failpoint: string, between: string): RoleFault {
  return {
    name: `${role} killed`,
    between,
    isRedelivered: role === 'gateway',
    strike: async (stack, random, pause) => {
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

/** The process dies wherever it is. */
function deathAnywhere(role: Role, between: string): RoleFault {
  return {
    name: `${role} killed`,
    between,
    isRedelivered: role === 'gateway',
    strike: async (stack, random, pause) => {
      const processes = role === 'gateway' ? stack.gateways : stack.writers;
      await pause(random.uint32() % 400);
      const victim = processes[random.uint32() % processes.length];
      victim?.killWorker();
      await victim?.answering();
      return victim !== undefined;
    },
  };
}

/** Whether something comes true in time. */
async function comes(
  look: () => boolean | Promise<boolean>,
  pause: (ms: number) => Promise<void>,
): Promise<boolean> {
  for (let ms = 0; ms < COMES_MS; ms += LOOK_MS) {
    if (await look()) return true;
    await pause(LOOK_MS);
  }
  return false;
}

/** Every fault with the step it falls into; a campaign visits each as often. */
export const ROLE_FAULTS: readonly RoleFault[] = [
  deathAt('gateway', 'journal-before-write', 'received and written to the buffer'),
  deathAt('gateway', 'journal-after-write', 'written to the buffer and synced'),
  deathAt('gateway', 'journal-after-sync', 'synced and acknowledged to the broker'),
  deathAnywhere('gateway', 'acknowledged and produced to Kafka'),
  {
    name: 'Kafka killed',
    between: 'produced to Kafka and acknowledged by it',
    strike: async ({ kafka }, random, pause) => {
      await kafka.kill();
      await pause(random.uint32() % 1_000);
      await kafka.restart();
      return true;
    },
  },
  {
    name: 'Kafka frozen',
    between: 'acknowledged by Kafka and fetched',
    strike: async ({ kafka }, random, pause) => {
      kafka.freeze();
      await pause(300 + (random.uint32() % 2_000));
      kafka.thaw();
      return true;
    },
  },
  {
    name: 'power cut of Kafka',
    between: 'acknowledged by Kafka and on its disk',
    strike: async ({ kafka }, random, pause) => {
      const lengths = logLengths(kafka, [TOPIC]);
      await pause(200 + (random.uint32() % 1_000));
      await cutPower(kafka, lengths);
      await pause(random.uint32() % 500);
      await kafka.restart();
      return true;
    },
  },
  deathAt('writer', 'pipeline-after-decode', 'decoded and sealed'),
  deathAt('writer', 'seal-before-commit', 'written in the transaction and committed'),
  deathAt('writer', 'seal-after-commit', 'committed and known to be'),
  {
    name: 'PostgreSQL crashed',
    between: 'sealed and committed',
    strike: async ({ postgres }, random, pause) => {
      await postgres.crash();
      await pause(random.uint32() % 1_000);
      await postgres.restart();
      return true;
    },
  },
  {
    name: 'connection cut',
    between: 'COMMIT sent and its answer',
    strike: async ({ proxy }, random) => {
      await proxy?.cutAt('COMMIT', 'answered', 1 + (random.uint32() % 4));
      return proxy !== undefined;
    },
  },
  {
    name: 'connection cut',
    between: 'written in the transaction and COMMIT',
    strike: async ({ proxy }, random) => {
      await proxy?.cutAt('COMMIT', 'before', 1 + (random.uint32() % 4));
      return proxy !== undefined;
    },
  },
  {
    name: 'partitions shared out anew every 3 s',
    between: 'fetched by one writer and by another',
    strike: async ({ writers }, random, pause) => {
      for (let times = 0; times < SHARES; times++) {
        const one = writers[random.uint32() % writers.length];
        await Promise.all([one?.stop().then(() => one.restart({})), pause(SHARE_EVERY_MS)]);
      }
      return writers.length > 1;
    },
  },
  {
    name: 'writer frozen until others had taken over, then woken',
    between: 'decoded by one writer and committed by another',
    strike: async ({ writers, postgres }, random, pause) => {
      const one = writers[random.uint32() % writers.length];
      if (!one) return false;
      const epochs = () => postgres.sql('SELECT sum(epoch) FROM skerry.sources');
      const before = await epochs();
      one.freeze();
      const isTaken = await comes(async () => (await epochs()) !== before, pause);
      await pause(500);
      one.thaw();
      return isTaken;
    },
  },
];
