import type { Engine } from './engine.ts';
import { startHttpEngine } from './http-engine.ts';
import { program } from './programs.ts';

/** How an InfluxDB is started. */
export interface InfluxdbOptions {
  /** Requests have to come with the name and password of a user; the first one is made by `CREATE USER` unasked. */
  readonly isGuarded?: boolean;
  /** It writes figures of itself into the database `_internal` every second. */
  readonly tellsOfItself?: boolean;
}

/** Starts an InfluxDB 1.x without databases. Fails with a plain error that holds the end of the log. */
export async function startInfluxdb({
  isGuarded = false,
  tellsOfItself = false,
}: InfluxdbOptions = {}): Promise<Engine> {
  return await startHttpEngine({
    name: 'InfluxDB',
    command: program('influxd', 'influxdb'),
    readyPath: '/ping',
    ports: 2,
    files: (folder, [port, backupPort]) => ({
      'influxdb.conf': [
        'reporting-disabled = true',
        `bind-address = "127.0.0.1:${backupPort}"`,
        `[meta]\n  dir = "${folder}/meta"`,
        `[data]\n  dir = "${folder}/data"\n  wal-dir = "${folder}/wal"\n  index-version = "tsi1"`,
        `[monitor]\n  store-enabled = ${tellsOfItself}\n  store-interval = "1s"`,
        `[http]\n  bind-address = "127.0.0.1:${port}"\n  auth-enabled = ${isGuarded}\n  log-enabled = false`,
        '',
      ].join('\n'),
    }),
    words: (folder) => ['-config', `${folder}/influxdb.conf`],
  });
}
