import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type Engine,
  findPostgresFolder,
  findProgram,
  freePorts,
  type Kafka,
  type Postgres,
  startKafka,
  startMosquitto,
  startPostgres,
} from '@skerry/testkit/engines';
import { RoleProcess } from '@skerry/testkit/stack';
import pg from 'pg';

/** Topic of all records. */
export const TOPIC = 'iot.telemetry';
/** Partitions of it. */
export const PARTITIONS = 6;

const LOOK_MS = 50;
const GIVE_UP_MS = 120_000;

/** Why roles cannot run here; undefined when they can. */
export function whyNoRoles(): string | undefined {
  if (findPostgresFolder() === undefined) return 'PostgreSQL is not installed';
  const missing = ['java', 'mvn', 'mosquitto'].filter((name) => findProgram(name) === undefined);
  return missing.length === 0 ? undefined : `${missing.join(', ')} is not installed`;
}

/** Kafka and PostgreSQL, each with its defaults for durability. Disposing ends them. */
export interface StoreEngines extends AsyncDisposable {
  readonly kafka: Kafka;
  readonly postgres: Postgres;
}

/** One gateway and one writer between a real mosquitto, Kafka and PostgreSQL. Disposing ends all of it. */
export interface RolesWay extends StoreEngines {
  readonly mosquitto: Engine;
  readonly gateway: RoleProcess;
  readonly writer: RoleProcess;
}

/** Starts Kafka and PostgreSQL. */
export async function startEngines(): Promise<StoreEngines> {
  await using stack = new AsyncDisposableStack();
  const kafka = stack.use(await startKafka());
  const postgres = stack.use(await startPostgres());
  const owned = stack.move();
  return { kafka, postgres, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Starts a role between engines; resolves when it answers. */
export async function startRole(
  role: 'gateway' | 'writer',
  folder: string,
  { kafka, postgres }: StoreEngines,
  sections: object = {},
): Promise<RoleProcess> {
  const [httpPort] = await freePorts(1);
  return await RoleProcess.start({
    role,
    folder: join(folder, role),
    httpPort: Number(httpPort),
    env: { SKERRY_LOG_LEVEL: 'warn', ...profilingOf(role) },
    config: {
      kafka: { brokers: kafka.brokers, topic: TOPIC, partitions: PARTITIONS },
      postgres: { url: postgres.url() },
      ...sections,
    },
  });
}

/** Starts everything; resolves when the gateway is subscribed and the writer has taken every partition on. */
export async function startWay(folder: string): Promise<RolesWay> {
  await using stack = new AsyncDisposableStack();
  const engines = stack.use(await startEngines());
  const mosquitto = stack.use(
    // it keeps everything for the gateway, and saves now and then, not at each message
    await startMosquitto({
      lines: [
        'max_inflight_messages 0',
        'autosave_on_changes false',
        'autosave_interval 5',
        'set_tcp_nodelay true',
      ],
    }),
  );
  const sources = [{ name: 'park', url: `mqtt://127.0.0.1:${mosquitto.port}`, share: 'skerry' }];
  const gateway = stack.use(
    await startRole('gateway', folder, engines, { sources, gateway: { ordinal: 0 } }),
  );
  const writer = stack.use(await startRole('writer', folder, engines));
  const { kafka, postgres } = engines;
  const owned = stack.move();
  const way = { kafka, postgres, mosquitto, gateway, writer };
  await ready(way);
  return {
    ...way,
    [Symbol.asyncDispose]: async () => {
      if (process.env.SKERRY_BENCH_PROFILE !== undefined)
        await Promise.all([gateway, writer].map((role) => role.stop()));
      await owned.disposeAsync();
    },
  };
}

/** Resolves when gateway and writer of a way are ready and all partitions are written. */
export async function ready({
  gateway,
  writer,
  postgres,
}: Pick<RolesWay, 'gateway' | 'writer' | 'postgres'>): Promise<void> {
  await untilTrue('the roles are ready', async () => {
    const reasons = await Promise.all([gateway.reasons(), writer.reasons()]);
    return reasons.every((its) => its?.length === 0);
  });
  await partitionsWritten(postgres);
}

/** Resolves when a writer has taken every partition on. */
export async function partitionsWritten(postgres: Postgres): Promise<void> {
  await untilTrue('all partitions are written', async () => {
    const count = await postgres
      .sql(`SELECT count(*) FROM skerry.sources WHERE label LIKE '${TOPIC}/%'`)
      .catch(() => '0'); // not made yet
    return Number(count) === PARTITIONS;
  });
}

/** Resolves when the question is answered by yes; fails with a plain error after a while. */
export async function untilTrue(
  what: string,
  isTrue: () => Promise<boolean>,
  giveUpMs = GIVE_UP_MS,
): Promise<void> {
  const deadline = performance.now() + giveUpMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new TypeError(`It did not come about: ${what}.`);
    await pause(LOOK_MS);
  }
}

/** A connection that asks. Disposing closes it. */
export async function connectReader(
  postgres: Postgres,
  schema = 'skerry',
): Promise<pg.Client & AsyncDisposable> {
  const client = new pg.Client({ connectionString: postgres.url(), options: `-c search_path=${schema}` });
  client.on('error', () => undefined); // told to whoever asks
  await client.connect();
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() });
}

/** Records of all partitions whose verdict is committed. */
export async function committedRecords(reader: pg.Client): Promise<number> {
  const { rows } = await reader.query<{ sum: string }>(
    'SELECT coalesce(sum(position), 0) AS sum FROM sources',
  );
  return Number(rows[0]?.sum);
}

/** Resolves when so many records have a verdict; fails with a plain error when that takes too long. */
export async function committed(postgres: Postgres, count: number): Promise<void> {
  await using reader = await connectReader(postgres);
  await untilTrue(`${count} records are committed`, async () => (await committedRecords(reader)) >= count);
}

/** What a project must have in the store: messages, and the sum of each of their fields `metric_0`, `metric_1`, …. */
export interface Sent {
  readonly project: string;
  readonly count: number;
  readonly sums: readonly number[];
}

/** Fails with a plain error unless the store has exactly what was sent, in counts and in sums. */
export async function mustHold(postgres: Postgres, { project, count, sums }: Sent): Promise<void> {
  await using reader = await connectReader(postgres);
  const { rows } = await reader.query<{ metric: string; count: string; hundredths: string }>(
    `SELECT s.metric, count(*) AS count, round(sum(p.value)::numeric * 100) AS hundredths
       FROM points p JOIN series s ON s.id = p.series_id WHERE s.project = $1 GROUP BY 1 ORDER BY 1`,
    [project],
  );
  const found = rows.map((row) => `${row.metric}: ${row.count}, ${row.hundredths}`).join('; ');
  const wanted = sums.map((sum, i) => `metric_${i}: ${count}, ${Math.round(sum * 100)}`).join('; ');
  if (found !== wanted) throw new TypeError(`The store holds ${found} of ${project}; sent were ${wanted}.`);
}

/** Sixteen bytes in hex that stand for a gateway's journal. */
export function journalOf(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 32);
}

/** With `SKERRY_BENCH_PROFILE=FOLDER` each role writes a CPU profile there when it ends in an orderly way. */
function profilingOf(role: string): Record<string, string> {
  const folder = process.env.SKERRY_BENCH_PROFILE;
  return folder === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${join(folder, role)}` };
}
