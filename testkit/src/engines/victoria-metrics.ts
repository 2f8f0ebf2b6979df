import type { Engine } from './engine.ts';
import { startHttpEngine } from './http-engine.ts';
import { program } from './programs.ts';

/** How a VictoriaMetrics is started. */
export interface VictoriaMetricsOptions {
  /** Further flags, `-search.latencyOffset=0s` for instance. */
  readonly words?: readonly string[];
}

/**
 * Starts a VictoriaMetrics with a retention of 3 days. What it has taken in is lost by SIGKILL while it is in memory,
 * where a few rows stay for long; `GET /snapshot/create` puts all of it on disk. `GET /internal/force_flush` only makes
 * it visible to queries. Fails with a plain error that holds the end of the log.
 */
export async function startVictoriaMetrics({ words = [] }: VictoriaMetricsOptions = {}): Promise<Engine> {
  return await startHttpEngine({
    name: 'VictoriaMetrics',
    command: program('victoria-metrics', 'victoria-metrics'),
    readyPath: '/health',
    ports: 1,
    files: () => ({}),
    words: (folder, [port]) => [
      `-storageDataPath=${folder}/store`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-retentionPeriod=3d',
      ...words,
    ],
  });
}
