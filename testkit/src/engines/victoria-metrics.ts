import type { Engine } from './engine.ts';
import { startHttpEngine } from './http-engine.ts';
import { program } from './programs.ts';

/** How a VictoriaMetrics is started. */
export interface VictoriaMetricsOptions {
  /** Further flags, `-search.latencyOffset=0s` for instance. */
  readonly words?: readonly string[];
}

/**
 * Starts a VictoriaMetrics with a retention of 3 days. What it has taken in is not on disk for up to a few seconds and
 * is lost by SIGKILL until then; `GET /internal/force_flush` writes it. Fails with a plain error that holds the end of
 * the log.
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
