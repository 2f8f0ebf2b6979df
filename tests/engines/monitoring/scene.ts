import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { openPublisher, type Publisher } from '@skerry/mqtt';
import { ServerProcess } from '@skerry/testkit';
import { type Engine, startInfluxdb, startRedis } from '@skerry/testkit/engines';
import { allOwned, type Stack, startStack, watchStack } from '@skerry/testkit/stack';
import { Collector } from '../tracing/collector.ts';

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

/** An alert as Alertmanager tells it to a webhook. */
export interface ToldAlert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** What a query of Prometheus found: labels and value of each series. */
export interface Found {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All roles at work, watched by a real Prometheus with the rules of the repository and a real Alertmanager. */
export interface Scene extends AsyncDisposable {
  readonly stack: Stack;
  readonly up: ServerProcess;
  readonly prometheus: Engine;
  /** Alerts that the webhook was told of, in order. */
  readonly told: readonly ToldAlert[];
  query(text: string): Promise<Found[]>;
  publisher(port: number): Promise<Publisher>;
}

/** Starts everything; disposing ends it. */
export async function openScene(): Promise<Scene> {
  await using all = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'skerry-monitoring-'));
  all.defer(() => rmSync(folder, { recursive: true, force: true }));
  const [influx, redis, collector] = await allOwned<[Engine, Engine, Collector]>(all, [
    startInfluxdb(),
    startRedis(),
    Collector.open(),
  ]);
  const config = {
    metrics: { perDevice: true },
    sinks: [{ name: 'influx', kind: 'influxdb1', url: influx.url }],
    redis: { url: `redis://127.0.0.1:${redis.port}` },
    tracing: { otlpUrl: collector.url },
  };
  const [stack, up] = await allOwned<[Stack, ServerProcess]>(all, [
    startStack({ folder, gateways: 1, writers: 1, partitions: 2, config }),
    ServerProcess.start({ dataDir: join(folder, 'up'), env: { SKERRY_TRACING_OTLP_URL: collector.url } }),
  ]);
  const told: ToldAlert[] = [];
  const webhook = await openWebhook(told);
  all.defer(webhook.close);
  const jobs = [
    '  - job_name: skerry-up',
    `    authorization: { credentials: ${readFileSync(join(up.dataDir, 'token'), 'utf8').trim()} }`,
    `    static_configs: [{ targets: ['127.0.0.1:${up.httpPort}'] }]`,
  ];
  const { prometheus } = all.use(await watchStack(stack, { webhookUrl: webhook.url, isAtOnce: true, jobs }));
  const owned = all.move();
  return {
    stack,
    up,
    prometheus,
    told,
    query: (text) => query(prometheus, text),
    publisher: (port) =>
      openPublisher(
        { address: { host: '127.0.0.1', port }, clientId: 'park' },
        { clock: nodeClock(), random: nodeRandom(), net: nodeNet() },
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openWebhook(told: ToldAlert[]): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => {
      body += text;
    });
    request.on('end', () => {
      told.push(...(JSON.parse(body) as { readonly alerts: ToldAlert[] }).alerts); // as Alertmanager writes it
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

async function query(engine: Engine, text: string): Promise<Found[]> {
  const response = await fetch(`${engine.url}/api/v1/query`, {
    method: 'POST',
    body: new URLSearchParams({ query: text }),
  });
  const answer = (await response.json()) as {
    readonly status: string;
    readonly error?: string;
    readonly data?: {
      readonly resultType: string;
      readonly result: readonly {
        readonly metric: Record<string, string>;
        readonly value: [number, string];
      }[];
    };
  }; // as Prometheus answers
  if (answer.status !== 'success') throw new TypeError(`${text}: ${answer.error}`);
  return (answer.data?.result ?? []).map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}
