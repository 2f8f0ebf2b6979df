// The peer of the case `roles-writer`: `roles-writer-peer.ts BROKERS TOPIC PARTITIONS POSTGRES-URL`. kafkajs, JSON.parse,
// text COPY by pg-copy-streams, and the offset of the partition in the same transaction. Ends when it is killed.
import { once } from 'node:events';
import kafkajs from 'kafkajs';
import pg from 'pg';
import copyStreams from 'pg-copy-streams';

const [brokers = '', topic = '', partitions = '6', connectionString = ''] = process.argv.slice(2);
const FETCH_BYTES = 4 * 2 ** 20;
const SESSION_MS = 300_000;

const pool = new pg.Pool({
  connectionString,
  max: Number(partitions) + 1,
  options: '-c search_path=peer',
});
await pool.query(`CREATE SCHEMA IF NOT EXISTS peer;
  CREATE TABLE series(id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, topic text NOT NULL, metric text NOT NULL,
    UNIQUE (topic, metric));
  CREATE TABLE offsets(partition smallint PRIMARY KEY, position bigint NOT NULL);
  CREATE TABLE points(time timestamptz NOT NULL, series_id integer NOT NULL, value double precision,
    source smallint NOT NULL, position bigint NOT NULL, ordinal smallint NOT NULL, received timestamptz NOT NULL);
  CREATE INDEX points_series ON points(series_id, time);
  CREATE INDEX points_received ON points USING brin (received) WITH (pages_per_range = 32);`);
await pool.query('INSERT INTO offsets SELECT generate_series(0, $1 - 1), 0', [Number(partitions)]);

/** Ids of series by topic, then by metric. */
const seriesIds = new Map<string, Map<string, number>>();
/** The next offset of each partition: what the database says, which this process has just made. */
const positions = new Map<number, number>();
let stampMs = -1;
let stampText = '';

const { logLevel, Kafka } = kafkajs;
const kafka = new Kafka({ clientId: 'peer', brokers: brokers.split(','), logLevel: logLevel.ERROR });
const consumer = kafka.consumer({
  groupId: 'peer',
  sessionTimeout: SESSION_MS,
  maxBytesPerPartition: FETCH_BYTES,
  maxBytes: FETCH_BYTES * Number(partitions),
});
await consumer.connect();
await consumer.subscribe({ topic, fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachBatchAutoResolve: true,
  partitionsConsumedConcurrently: Number(partitions),
  eachBatch: ({ batch }) => write(batch),
});

async function write({ partition, messages }: kafkajs.Batch): Promise<void> {
  const from = positions.get(partition) ?? 0;
  const rows: string[] = [];
  for (const message of messages) {
    const position = Number(message.offset);
    if (position < from) continue;
    const text = String(message.headers?.topic);
    const stamp = stampOf(Number(String(message.headers?.received)));
    // what this case fills the topic with: an object of numbers
    const fields = JSON.parse(String(message.value)) as Readonly<Record<string, number>>;
    let ordinal = 0;
    for (const [metric, value] of Object.entries(fields)) {
      const id = seriesIds.get(text)?.get(metric) ?? (await makeSeries(text, metric));
      rows.push(`${stamp}\t${id}\t${value}\t${partition}\t${position}\t${ordinal++}\t${stamp}\n`);
    }
  }
  const last = messages.at(-1);
  if (rows.length === 0 || !last) return;
  const to = Number(last.offset) + 1;
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const stream = client.query(copyStreams.from('COPY points FROM STDIN'));
    stream.end(rows.join(''));
    await once(stream, 'finish');
    const text = 'UPDATE offsets SET position = $2 WHERE partition = $1 AND position = $3';
    const { rowCount } = await client.query({ name: 'move', text, values: [partition, to, from] });
    if (rowCount !== 1) throw new TypeError(`Another process has moved partition ${partition} on.`);
    await client.query('COMMIT');
  } finally {
    client.release();
  }
  positions.set(partition, to);
}

async function makeSeries(text: string, metric: string): Promise<number> {
  const { rows } = await pool.query<{ id: number }>(
    `INSERT INTO series(topic, metric) VALUES ($1, $2)
       ON CONFLICT (topic, metric) DO UPDATE SET metric = excluded.metric RETURNING id`,
    [text, metric],
  );
  const id = Number(rows[0]?.id);
  const its = seriesIds.get(text) ?? new Map<string, number>();
  seriesIds.set(text, its.set(metric, id));
  return id;
}

/** Microseconds as PostgreSQL reads them; the text of a millisecond is made once. */
function stampOf(micros: number): string {
  const ms = Math.floor(micros / 1_000);
  if (ms !== stampMs) [stampMs, stampText] = [ms, new Date(ms).toISOString().slice(0, -1)];
  return `${stampText}${String(micros % 1_000).padStart(3, '0')}+00`;
}
