import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { openPublisher, type Publisher } from '@skerry/mqtt';
import { ServerProcess } from '@skerry/testkit';
import { type Engine, startAlertmanager, startPrometheus } from '@skerry/testkit/engines';
import { type Stack, startStack } from '@skerry/testkit/stack';

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

/** The rules of the repository by file name; their pauses are left out, so that a test need not sit through them. */
export function rulesAtOnce(): Record<string, string> {
  const folder = join(ROOT, 'deploy/prometheus/rules');
  return Object.fromEntries(
    readdirSync(folder).map((name) => [
      `rules/${name}`,
      readFileSync(join(folder, name), 'utf8').replaceAll(/^ +for: .+\n/gm, ''),
    ]),
  );
}

/** Starts everything; disposing ends it. */
export async function openScene(): Promise<Scene> {
  await using all = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), 'skerry-monitoring-'));
  all.defer(() => rmSync(folder, { recursive: true, force: true }));
  const config = { metrics: { perDevice: true } };
  const [stack, up] = await Promise.all([
    startStack({ folder, gateways: 1, writers: 1, partitions: 2, config }),
    ServerProcess.start({ dataDir: join(folder, 'up') }),
  ]);
  all.use(stack);
  all.use(up);
  const told: ToldAlert[] = [];
  const webhook = await openWebhook(told);
  all.defer(webhook.close);
  const alerts = all.use(await startAlertmanager({ config: alertmanagerConfig(webhook.url) }));
  const prometheus = all.use(
    await startPrometheus({ config: prometheusConfig(stack, up, alerts), files: rulesAtOnce() }),
  );
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

/** The Alertmanager's file of the repository, with the webhook of the test and no pauses. */
function alertmanagerConfig(url: string): string {
  return readFileSync(join(ROOT, 'deploy/alertmanager/alertmanager.yml'), 'utf8')
    .replaceAll(/http:\/\/\w+\.example\/skerry/g, url)
    .replaceAll(/group_wait: \d+s/g, 'group_wait: 0s')
    .replaceAll(/group_interval: \d+m/g, 'group_interval: 1s');
}

/** The jobs of Prometheus' file of the repository, with the addresses and tokens of the scene. */
function prometheusConfig(stack: Stack, up: ServerProcess, alerts: Engine): string {
  const host = (url: string) => new URL(url).host;
  const token = (dataDir: string) => `credentials: ${readFileSync(join(dataDir, 'token'), 'utf8').trim()}`;
  const cloud = `credentials_file: /etc/prometheus/skerry-token\n    static_configs:\n      - targets: [cloud:8080]`;
  const text = readFileSync(join(ROOT, 'deploy/prometheus/prometheus.yml'), 'utf8')
    .replaceAll('15s', '1s')
    .replace('alertmanager:9093', host(alerts.url))
    .replace('gateway-1:8080, gateway-2:8080', stack.gateways.map(({ url }) => host(url)).join(', '))
    .replace('writer-1:8080, writer-2:8080', stack.writers.map(({ url }) => host(url)).join(', '))
    .replace(cloud, cloud.replace(/credentials_file: \S+/, token(stack.cloud.dataDir)))
    .replace('cloud:8080', host(stack.cloud.url));
  const job = [
    '  - job_name: skerry-up',
    `    authorization: { ${token(up.dataDir)} }`,
    `    static_configs: [{ targets: ['127.0.0.1:${up.httpPort}'] }]`,
  ];
  return `${text}${job.join('\n')}\n`;
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
