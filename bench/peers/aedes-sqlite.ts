// aedes that acknowledges after fsync. aedes 1.2 writes PUBACK before it calls its persistence, so the durable write
// stands in `authorizePublish`, which it waits for. Each turn of the loop is one transaction of one SQLite file (WAL,
// synchronous=FULL): group commit, the best that node:sqlite can do. Nobody subscribes.
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Aedes } from 'aedes';

const database = new DatabaseSync(join(String(process.argv[2]), 'aedes.db'));
database.exec(
  'PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE message(topic TEXT, payload BLOB);',
);
const insert = database.prepare('INSERT INTO message VALUES (?, ?)');

interface Waiting {
  readonly topic: string;
  readonly payload: Buffer | string;
  readonly done: (error?: Error | null) => void;
}
let waiting: Waiting[] = [];
let stored = 0;

function commit(): void {
  const batch = waiting;
  waiting = [];
  database.exec('BEGIN');
  for (const { topic, payload } of batch) insert.run(topic, payload);
  database.exec('COMMIT');
  stored += batch.length;
  for (const { done } of batch) done();
}

const broker = await Aedes.createBroker({
  concurrency: 1_000,
  authorizePublish: (_client, { topic, payload }, done) => {
    if (waiting.push({ topic, payload, done }) === 1) setImmediate(commit);
  },
});
const server = createServer({ noDelay: true }, broker.handle);
server.listen(0, '127.0.0.1', 8_192, () => {
  const address = server.address();
  process.send?.(typeof address === 'object' ? address?.port : 0);
});
process.on('message', () => process.send?.(stored));
process.on('disconnect', () => process.exit());
