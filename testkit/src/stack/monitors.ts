import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../engines/engine.ts';
import { startAlertmanager, startPrometheus } from '../engines/prometheus.ts';
import type { Stack } from './stack.ts';

/** How a stack is watched. */
export interface MonitorsOptions {
  /** Whom Alertmanager tells; without it the addresses of its file stay, which are nobody's. */
  readonly webhookUrl?: string;
  /** Alerts fire as soon as they are true, and are told at once. */
  readonly isAtOnce?: boolean;
  /** Further jobs of Prometheus: lines of YAML, two spaces in. */
  readonly jobs?: readonly string[];
}

/** Prometheus and Alertmanager over a stack. Disposing ends both. */
export interface Monitors extends AsyncDisposable {
  readonly prometheus: Engine;
  readonly alertmanager: Engine;
}

const DEPLOY = fileURLToPath(new URL('../../../deploy/', import.meta.url));

/** Starts Alertmanager and Prometheus with the files of `deploy/`, in which only addresses, tokens and pauses are others. */
export async function watchStack(stack: Stack, options: MonitorsOptions = {}): Promise<Monitors> {
  await using both = new AsyncDisposableStack();
  const alertmanager = both.use(await startAlertmanager({ config: alertmanagerConfig(options) }));
  const config = prometheusConfig(stack, alertmanager, options);
  const prometheus = both.use(await startPrometheus({ config, files: rules(options) }));
  const owned = both.move();
  return { prometheus, alertmanager, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function rules({ isAtOnce = false }: MonitorsOptions): Record<string, string> {
  const folder = join(DEPLOY, 'prometheus/rules');
  return Object.fromEntries(
    readdirSync(folder).map((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      return [`rules/${name}`, isAtOnce ? text.replaceAll(/^ +for: .+\n/gm, '') : text];
    }),
  );
}

function alertmanagerConfig({ webhookUrl, isAtOnce = false }: MonitorsOptions): string {
  const text = readFileSync(join(DEPLOY, 'alertmanager/alertmanager.yml'), 'utf8');
  const told =
    webhookUrl === undefined ? text : text.replaceAll(/http:\/\/\w+\.example\/skerry/g, () => webhookUrl);
  if (!isAtOnce) return told;
  return told
    .replaceAll(/group_wait: \d+s/g, 'group_wait: 0s')
    .replaceAll(/group_interval: \d+m/g, 'group_interval: 1s');
}

function prometheusConfig(stack: Stack, alertmanager: Engine, { jobs = [] }: MonitorsOptions): string {
  const host = ({ url }: { readonly url: string }) => new URL(url).host;
  const token = readFileSync(join(stack.cloud.dataDir, 'token'), 'utf8').trim();
  const text = readFileSync(join(DEPLOY, 'prometheus/prometheus.yml'), 'utf8')
    .replaceAll('15s', '1s')
    .replace('alertmanager:9093', host(alertmanager))
    .replace('gateway-1:8080, gateway-2:8080', stack.gateways.map(host).join(', '))
    .replace('writer-1:8080, writer-2:8080', stack.writers.map(host).join(', '))
    .replace('credentials_file: /etc/prometheus/skerry-token', () => `credentials: ${token}`)
    .replace('cloud:8080', host(stack.cloud));
  return `${text}${jobs.map((line) => `${line}\n`).join('')}`;
}
