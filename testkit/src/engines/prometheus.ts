import type { Engine } from './engine.ts';
import { startHttpEngine } from './http-engine.ts';
import { program } from './programs.ts';

/** How a Prometheus or an Alertmanager is started. */
export interface MonitorOptions {
  /** Its configuration, YAML. */
  readonly config: string;
  /** Further files beside it, texts by file name: rules, templates. */
  readonly files?: Readonly<Record<string, string>>;
  /** Further flags. */
  readonly words?: readonly string[];
}

/** Starts a Prometheus; SIGHUP reads the configuration again. Fails with a plain error that holds the end of the log. */
export async function startPrometheus({ config, files = {}, words = [] }: MonitorOptions): Promise<Engine> {
  return await startHttpEngine({
    name: 'Prometheus',
    command: program('prometheus', 'prometheus'),
    readyPath: '/-/ready',
    ports: 1,
    files: () => ({ ...files, 'prometheus.yml': config }),
    words: (folder, [port]) => [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/store`,
      `--web.listen-address=127.0.0.1:${port}`,
      ...words,
    ],
  });
}

/** Starts an Alertmanager that knows of no others. Fails with a plain error that holds the end of the log. */
export async function startAlertmanager({ config, files = {}, words = [] }: MonitorOptions): Promise<Engine> {
  return await startHttpEngine({
    name: 'Alertmanager',
    command: program('prometheus-alertmanager', 'prometheus-alertmanager'),
    readyPath: '/-/ready',
    ports: 1,
    files: () => ({ ...files, 'alertmanager.yml': config }),
    words: (folder, [port]) => [
      `--config.file=${folder}/alertmanager.yml`,
      `--storage.path=${folder}/store`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      ...words,
    ],
  });
}
