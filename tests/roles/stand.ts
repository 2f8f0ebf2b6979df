import { hostname } from 'node:os';
import { type LogLengths, logLengths, recordsSince } from '@skerry/testkit/engines';
import type { RoleProcess, Stack } from '@skerry/testkit/stack';

/** Topic of the stack's records. */
export const TOPIC = 'iot.telemetry';

/** What can be counted where the records are, when everything that was sent before has come through. */
export interface Stand {
  /** Of the files of Kafka's logs. */
  readonly logs: LogLengths;
  /** Records of which Kafka has told the gateways that it has them. */
  readonly acked: number;
  /** Records that writers have committed, as PostgreSQL counts them. */
  readonly committed: number;
}

type Pause = (ms: number) => Promise<void>;

/** How long a passage or a takeover is waited for. */
export const COMES_MS = 30_000;
const LOOK_MS = 25;
/** What was under way to a process has arrived after that. */
const ARRIVES_MS = 150;
/** Positions that are the same for so long stay so while writers get nothing: they commit at least every second. */
const STILL_MS = 2_500;

/** Whether something comes true in time. */
export async function comes(look: () => boolean | Promise<boolean>, pause: Pause): Promise<boolean> {
  for (let ms = 0; ms < COMES_MS; ms += LOOK_MS) {
    if (await look()) return true;
    await pause(LOOK_MS);
  }
  return false;
}

/** The stand once gateways have nothing left for Kafka. */
export async function settledStand(stack: Stack, pause: Pause): Promise<Stand> {
  await comes(async () => (await sum(stack.gateways, 'iot_kafka_uplink_lag_records')) === 0, pause);
  return {
    logs: logLengths(stack.kafka, [TOPIC]),
    acked: await ackedBy(stack),
    committed: await committedIn(stack),
  };
}

const ackedBy = ({ gateways }: Stack) => sum(gateways, 'iot_kafka_uplink_records_total');

async function committedIn({ postgres }: Stack): Promise<number> {
  return Number(await postgres.sql('SELECT coalesce(sum(position), 0) FROM skerry.sources'));
}

/** Records since a stand that are in Kafka's files, and that it has acknowledged to gateways. It must not answer any more. */
export async function heldByKafka(
  stack: Stack,
  before: Stand,
  pause: Pause,
): Promise<{ readonly logged: number; readonly acked: number }> {
  await pause(ARRIVES_MS);
  const acked = (await ackedBy(stack)) - before.acked;
  return { logged: recordsSince(stack.kafka, [TOPIC], before.logs), acked };
}

/** Records since a stand that Kafka has acknowledged, and of which no writer has heard. It must not answer meanwhile. */
export async function unfetched(stack: Stack, before: Stand, pause: Pause): Promise<number> {
  await pause(ARRIVES_MS);
  const acked = (await ackedBy(stack)) - before.acked;
  for (let last = -1; ; ) {
    const now = await committedIn(stack);
    if (now === last) return acked - (now - before.committed);
    last = now;
    await pause(STILL_MS);
  }
}

/** A metric over all processes; no number while one of them does not answer. */
export async function sum(roles: readonly RoleProcess[], name: string): Promise<number> {
  const values = await Promise.all(roles.map((one) => one.metric(name)));
  return values.reduce<number>((all, one) => all + (one ?? Number.NaN), 0);
}

/** The name under which a process owns partitions. */
export function ownerName({ pid }: Pick<RoleProcess, 'pid'>): string {
  return `${hostname()}/${pid}`;
}

/** Who owns each partition, as PostgreSQL knows it; empty while it does not answer. */
export async function owners({ postgres }: Stack): Promise<ReadonlyMap<string, string>> {
  const text = await postgres.sql('SELECT label, owner FROM skerry.sources').catch(() => ''); // asked again
  const rows = text.split('\n').map((line) => line.split('|'));
  return new Map(rows.map(([label = '', owner = '']) => [label, owner]));
}

/** Whether another of the processes comes to own something that one of them owned. */
export async function isTakenOver(
  stack: Stack,
  from: string,
  had: ReadonlyMap<string, string>,
  pause: Pause,
): Promise<boolean> {
  const own = [...had].filter(([, owner]) => owner === from).map(([label]) => label);
  const others = new Set(stack.writers.map(ownerName).filter((name) => name !== from));
  return await comes(async () => {
    const now = await owners(stack);
    return own.some((label) => others.has(now.get(label) ?? ''));
  }, pause);
}

/** Transactions of writers in which points were written, and which are open; of one connection where its port is given. */
export async function openSeals({ postgres }: Stack, port?: number): Promise<number> {
  const text = await postgres.sql(
    `SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid AND l.mode = 'RowExclusiveLock'
     JOIN pg_inherits i ON i.inhrelid = l.relation AND i.inhparent = 'skerry.points'::regclass
     WHERE a.application_name = 'skerry writer' AND a.backend_xid IS NOT NULL
     ${port === undefined ? '' : `AND a.client_port = ${port}`}`,
  );
  return Number(text);
}
