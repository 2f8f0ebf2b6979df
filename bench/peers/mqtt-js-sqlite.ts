// What a careful person writes in one script: aedes as the broker, mqtt.js as the subscriber, node:sqlite as the store.
// With care: WAL and synchronous=FULL, prepared statements, rows in transactions of up to 10,000 messages or 100 ms, an
// index by (series, time), series ids cached. aedes acknowledges the publisher before anything is stored.
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';

const BATCH_MESSAGES = 10_000;
const BATCH_MS = 100;

const database = new DatabaseSync(join(String(process.argv[2]), 'points.db'));
database.exec(`PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
  CREATE TABLE series(id INTEGER PRIMARY KEY, device TEXT, metric TEXT);
  CREATE TABLE points(series INTEGER, time INTEGER, value REAL);
  CREATE INDEX points_series ON points(series, time);`);
const insertSeries = database.prepare('INSERT INTO series(device, metric) VALUES (?, ?)');
const insertPoint = database.prepare('INSERT INTO points VALUES (?, ?, ?)');

const seriesIds = new Map<string, Map<string, number>>();
let batch: { readonly topic: string; readonly payload: Buffer; readonly time: number }[] = [];
let stored = 0;

function seriesId(device: string, metric: string): number {
  const ofDevice = seriesIds.get(device) ?? new Map<string, number>();
  if (ofDevice.size === 0) seriesIds.set(device, ofDevice);
  let id = ofDevice.get(metric);
  if (id === undefined) {
    id = Number(insertSeries.run(device, metric).lastInsertRowid);
    ofDevice.set(metric, id);
  }
  return id;
}

function commit(): void {
  if (batch.length === 0) return;
  database.exec('BEGIN');
  for (const { topic, payload, time } of batch) {
    const device = topic.slice(topic.lastIndexOf('/') + 1);
    const fields: Record<string, unknown> = JSON.parse(payload.toString());
    for (const metric in fields) {
      const value = fields[metric];
      if (typeof value === 'number') insertPoint.run(seriesId(device, metric), time, value);
    }
  }
  database.exec('COMMIT');
  stored += batch.length;
  batch = [];
}

const broker = await Aedes.createBroker({ concurrency: 1_000 });
const server = createServer({ noDelay: true }, broker.handle);
server.listen(0, '127.0.0.1', 8_192);
await once(server, 'listening');
const address = server.address();
const port = typeof address === 'object' ? Number(address?.port) : 0;
const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
client.on('message', (topic, payload) => {
  batch.push({ topic, payload, time: Math.round((performance.timeOrigin + performance.now()) * 1_000) });
  if (batch.length >= BATCH_MESSAGES) commit();
});
await client.subscribeAsync('mtic/msg/client/realtime/#', { qos: 1 });
setInterval(commit, BATCH_MS);
process.send?.(port);
process.on('message', () => process.send?.(stored));
process.on('disconnect', () => process.exit());
