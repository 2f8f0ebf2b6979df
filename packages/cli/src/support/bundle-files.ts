import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem, uptime } from 'node:os';
import { join } from 'node:path';
import type { SkerryClient } from '@skerry/client';
import { examine } from '../commands/doctor.ts';
import type { LoadedConfig } from '../config/load.ts';
import { LIMITS } from '../limits.ts';
import { readCrashes } from '../processes/supervisor.ts';
import { VERSION } from '../version.ts';
import type { Redactor } from './redaction.ts';
import type { TarEntry } from './tar.ts';

/** What a bundle is gathered from. */
export interface BundleSources {
  readonly loaded: LoadedConfig;
  /** Undefined where no instance answers. */
  readonly client: SkerryClient | undefined;
  /** A file of log lines that somebody names. */
  readonly logFile: string | undefined;
  readonly redactor: Redactor;
  readonly signal: AbortSignal;
  /** Told of each part, before it is gathered. */
  readonly onPart: (name: string) => void;
}

/** Parts of a bundle by their file name; each is gathered by itself, and one that fails says why in its file. */
const PARTS: Readonly<Record<string, (sources: BundleSources) => unknown>> = {
  'versions.json': () => ({
    skerry: VERSION,
    node: process.versions.node,
    sqlite: process.versions.sqlite,
    system: `${platform()} ${release()} ${arch()}`,
    cores: cpus().length,
    memoryBytes: totalmem(),
    uptimeSecs: Math.floor(uptime()),
  }),
  'configuration.json': configurationOf,
  'doctor.json': ({ loaded }) => examine(loaded.config),
  'crashes.json': ({ loaded }) => readCrashes(loaded.config.dataDir).slice(-LIMITS.bundleCrashesMax.value),
  'folder.json': ({ loaded }) => filesOf(loaded.config.dataDir),
  'overview.json': ({ client, signal }) => client?.getOverview({}, { signal }),
  'readiness.json': ({ client, signal }) => client?.getReadiness({}, { signal }),
  'ledger.json': ({ client, signal }) => client?.getLedger({}, { signal }),
  'metrics.txt': ({ client, signal }) => client?.getMetrics({}, { signal }),
  'log.txt': ({ logFile }) => (logFile === undefined ? undefined : lastLines(logFile)),
};

/** What the running instance goes by; where none answers, what one that is started with these words would. */
async function configurationOf({ loaded, client, signal }: BundleSources): Promise<unknown> {
  if (client) return { of: 'the running instance', ...(await client.getConfig({}, { signal })) };
  const of = 'no instance answered: what skerry up would start with in the shell of skerry support-bundle';
  return { of, values: loaded.config, origins: loaded.origins };
}

/** The files of a bundle, without payloads and without secrets. What there is nothing of is left out. */
export async function bundleFiles(sources: BundleSources): Promise<TarEntry[]> {
  const encoder = new TextEncoder();
  const entries: TarEntry[] = [];
  for (const [name, gather] of Object.entries(PARTS)) {
    sources.onPart(name);
    const text = await textOf(name, gather, sources);
    if (text !== undefined) entries.push({ name: `skerry-support/${name}`, bytes: encoder.encode(text) });
  }
  return entries;
}

async function textOf(
  name: string,
  gather: (sources: BundleSources) => unknown,
  sources: BundleSources,
): Promise<string | undefined> {
  try {
    const found = await gather(sources);
    if (found === undefined) return undefined;
    if (typeof found === 'string') return sources.redactor.text(found);
    return `${JSON.stringify(sources.redactor.value(found), null, 2)}\n`;
  } catch (cause) {
    if (sources.signal.aborted) throw cause;
    return `${name} could not be gathered: ${sources.redactor.text(String(cause))}\n`;
  }
}

/** Names, sizes and ages of what lies in the data folder; no contents. */
function filesOf(dataDir: string): unknown {
  if (!existsSync(dataDir)) return [];
  return readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    .sort()
    .slice(0, LIMITS.bundleFilesMax.value)
    .map((name) => {
      const stat = statSync(join(dataDir, name), { throwIfNoEntry: false });
      return { name, bytes: stat?.size ?? 0, changed: stat?.mtime.toISOString() ?? 'gone' };
    });
}

function lastLines(path: string): string {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.slice(-LIMITS.bundleLogLinesMax.value).join('\n');
}
