import type { SeededRandom } from '@skerry/kernel/testing';
import { cutPower, logLengths } from '@skerry/testkit/engines';
import type { Stack } from '@skerry/testkit/stack';

/** Something that goes wrong while messages are under way, and between which two steps of a message's way it falls. */
export interface RoleFault {
  readonly name: string;
  readonly between: string;
  /** Makes it happen, and what it takes that things go on afterwards. */
  strike(stack: Stack, random: SeededRandom, pause: (ms: number) => Promise<void>): Promise<void>;
}

type Role = 'gateway' | 'writer';

/** Topic of the stack's records. */
const TOPIC = 'iot.telemetry';

/** The role dies at a passage of a failpoint, in the load, and is started again without it. */
function deathAt(role: Role, failpoint: string, between: string): RoleFault {
  return {
    name: `${role} killed`,
    between,
    strike: async (stack, random, pause) => {
      const processes = role === 'gateway' ? stack.gateways : stack.writers;
      const victim = processes[random.uint32() % processes.length];
      if (!victim) return;
      await victim.kill();
      await victim.restart({ SKERRY_FAILPOINT: `${failpoint}:kill:${3 + (random.uint32() % 12)}` });
      const { pid } = victim;
      for (let i = 0; i < 200 && victim.pid === pid; i++) await pause(25); // no passage without load
      await victim.kill();
      await victim.restart({});
    },
  };
}

/** The process dies wherever it is. */
function deathAnywhere(role: Role, between: string): RoleFault {
  return {
    name: `${role} killed`,
    between,
    strike: async (stack, random, pause) => {
      const processes = role === 'gateway' ? stack.gateways : stack.writers;
      await pause(random.uint32() % 400);
      const victim = processes[random.uint32() % processes.length];
      victim?.killWorker();
      await victim?.answering();
    },
  };
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
    },
  },
  {
    name: 'Kafka frozen',
    between: 'acknowledged by Kafka and fetched',
    strike: async ({ kafka }, random, pause) => {
      kafka.freeze();
      await pause(300 + (random.uint32() % 2_000));
      kafka.thaw();
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
    },
  },
  {
    name: 'connection cut',
    between: 'COMMIT sent and its answer',
    strike: async ({ proxy }, random) => {
      await proxy?.cutAt('COMMIT', 'answered', 1 + (random.uint32() % 4));
    },
  },
  {
    name: 'connection cut',
    between: 'written in the transaction and COMMIT',
    strike: async ({ proxy }, random) => {
      await proxy?.cutAt('COMMIT', 'before', 1 + (random.uint32() % 4));
    },
  },
  {
    name: 'partitions shared out anew',
    between: 'fetched by one writer and by another',
    strike: async ({ writers }, random) => {
      const one = writers[random.uint32() % writers.length];
      await one?.stop();
      await one?.restart({});
    },
  },
  {
    name: 'writer frozen until others had taken over, then woken',
    between: 'decoded by one writer and committed by another',
    strike: async ({ writers, postgres }, random, pause) => {
      const one = writers[random.uint32() % writers.length];
      if (!one) return;
      const epochs = () => postgres.sql('SELECT sum(epoch) FROM skerry.sources');
      const before = await epochs();
      one.freeze();
      for (let i = 0; i < 400 && (await epochs()) === before; i++) await pause(50);
      await pause(500);
      one.thaw();
    },
  },
];
