import { join } from 'node:path';
import type { Engine } from '../engines/engine.ts';
import { type Kafka, startKafka } from '../engines/kafka.ts';
import { startMosquitto } from '../engines/mosquitto.ts';
import { freePorts } from '../engines/ports.ts';
import { type Postgres, startPostgres } from '../engines/postgres.ts';
import { FaultProxy } from '../faults/fault-proxy.ts';
import { allOwned } from './all-owned.ts';
import { RoleProcess } from './role-process.ts';

/** What its processes are. */
export type StackRole = 'gateway' | 'writer' | 'cloud';

/** What a stack is made of. */
export interface StackOptions {
  /** Folder of the roles' data. */
  readonly folder: string;
  /** 2 unless given. */
  readonly gateways?: number;
  /** 2 unless given. */
  readonly writers?: number;
  /** Partitions of the topic; 6 unless given. */
  readonly partitions?: number;
  /** Writers reach PostgreSQL through a proxy of the stack's, and everybody Kafka through one of its node. */
  readonly isProxied?: boolean;
  /** PostgreSQL has a standby, from which the cloud reads; answers are this old at most, s. */
  readonly standbyStaleSecs?: number;
  /** Makes the database ready for the roles, once; gives the address by which each connects. As superuser when absent. */
  readonly prepare?: (postgres: Postgres) => Promise<Readonly<Record<StackRole, string>>>;
  /** Sections of the configuration of every role, over those of the stack. */
  readonly config?: object;
  /** Told what stands. */
  readonly say?: (line: string) => void;
}

/** The data plane in roles on real engines. Disposing ends all of it. */
export interface Stack extends AsyncDisposable {
  readonly kafka: Kafka;
  readonly postgres: Postgres;
  readonly mosquitto: Engine;
  /** Between writers and PostgreSQL, where there is one. */
  readonly proxy: FaultProxy | undefined;
  readonly gateways: readonly RoleProcess[];
  readonly writers: readonly RoleProcess[];
  readonly cloud: RoleProcess;
}

/** Starts mosquitto, Kafka, PostgreSQL, gateways, writers and a cloud; resolves when all of them answer. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { folder, gateways = 2, writers = 2, partitions = 6, say = () => undefined } = options;
  const { standbyStaleSecs } = options;
  await using stack = new AsyncDisposableStack();
  const [kafka, postgres, mosquitto] = await allOwned<[Kafka, Postgres, Engine]>(stack, [
    startKafka({ isProxied: options.isProxied === true }),
    startPostgres({ standby: standbyStaleSecs !== undefined }),
    // queues without a bound: mosquitto would drop what it has acknowledged; it saves seldom, since it reads nothing meanwhile
    startMosquitto({
      lines: [
        'max_queued_messages 0',
        'max_inflight_messages 0',
        'autosave_on_changes false',
        'autosave_interval 5',
        'set_tcp_nodelay true',
      ],
    }),
  ]);
  say(`Kafka ${kafka.brokers.join(', ')}; PostgreSQL ${postgres.url()}; mosquitto ${mosquitto.url}`);
  const config = {
    sources: [{ name: 'park', url: `mqtt://127.0.0.1:${mosquitto.port}`, share: 'skerry' }],
    kafka: { brokers: kafka.brokers, partitions },
    ...options.config,
  };
  const addresses = await options.prepare?.(postgres);
  const proxy = options.isProxied ? stack.use(await FaultProxy.open(postgres.port)) : undefined;
  const ports = await freePorts(gateways + writers + 1);
  const start = async (role: StackRole, nth: number) => {
    const httpPort = Number(ports.pop());
    const isApart = role === 'writer' && proxy !== undefined;
    const address = addresses?.[role] ?? postgres.url();
    const url = isApart ? address.replace(`:${postgres.port}`, `:${proxy.port}`) : address;
    const standby = role === 'cloud' ? postgres.standby?.url() : undefined;
    const reads = standby === undefined ? {} : { readUrl: standby, readStaleSecs: standbyStaleSecs };
    const process = await RoleProcess.start({
      role,
      folder: join(folder, `${role}-${nth}`),
      config: { ...config, postgres: { url, ...reads } },
      httpPort,
      onEnd: (how) => say(`${role} ${nth}: ${how}; see ${join(folder, `${role}-${nth}`, 'output.log')}`),
    });
    say(`${role} ${nth}: ${process.url}, prints to ${process.outputPath}`);
    return process;
  };
  const many = (role: 'gateway' | 'writer', count: number) =>
    Array.from({ length: count }, (_, i) => start(role, i + 1));
  const roles = await allOwned<RoleProcess[]>(stack, [
    ...many('gateway', gateways),
    ...many('writer', writers),
    start('cloud', 1),
  ]);
  const owned = stack.move();
  return {
    kafka,
    postgres,
    mosquitto,
    proxy,
    gateways: roles.slice(0, gateways),
    writers: roles.slice(gateways, -1),
    cloud: roles.at(-1) as RoleProcess, // it is started last
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
