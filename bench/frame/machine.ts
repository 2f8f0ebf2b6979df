import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, statfsSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findPostgresFolder, findProgram, KAFKA_VERSION } from '@skerry/testkit/engines';

/** The folder of the repository. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Where a case ran, and with what. */
export interface Machine {
  /** When the case began, ISO 8601. */
  readonly at: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  /** File system that data folders lie on. */
  readonly fileSystem: string;
  /** Load average of the last minute when the case began. */
  readonly load: number;
  readonly commit: string;
  /** Versions of Node and of the peers. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Peers, and what they are built on. */
const PACKAGES = ['aedes', 'mqtt', 'mqtt-packet', 'kafkajs', 'pg', 'pg-copy-streams'];

const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'ext4',
  16914836: 'tmpfs (no durability: figures with fsync mean nothing here)',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  2035054128: 'overlayfs',
};

/** Where data folders of runs are made: `SKERRY_BENCH_DIR`, else the folder for temporary files. */
export function benchFolder(): string {
  return process.env.SKERRY_BENCH_DIR ?? tmpdir();
}

/** The machine as it is now. */
export function readMachine(): Machine {
  const { type } = statfsSync(benchFolder());
  return {
    at: new Date().toISOString(),
    cpu: String(cpus()[0]?.model.trim()),
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    fileSystem: FILE_SYSTEMS[type] ?? `type ${type}`,
    load: Number(loadavg()[0]?.toFixed(2)),
    commit: commitOf(),
    versions: {
      node: process.versions.node,
      sqlite: String(process.versions.sqlite),
      ...Object.fromEntries(PACKAGES.map((name) => [name, versionOf(name)])),
      mosquitto: mosquittoVersion() ?? 'not installed',
      kafka: KAFKA_VERSION,
      postgresql: saidVersion(findPostgresFolder()?.concat('/postgres'), '-V'),
      influxdb: saidVersion(findProgram('influxd'), 'version'),
      redis: saidVersion(findProgram('redis-server'), '--version'),
    },
  };
}

/** What is measured, marked where the sources are not those of a commit; results of other cases do not count. */
function commitOf(): string {
  const git = (...words: string[]) => execFileSync('git', words, { cwd: ROOT, encoding: 'utf8' }).trim();
  const isChanged = git('status', '--porcelain', '--', ':!bench/results', ':!docs/PERFORMANCE.md') !== '';
  return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? ' with changes' : ''}`;
}

/** Path of mosquitto's broker, or undefined where it is not installed. */
export function mosquittoPath(): string | undefined {
  return ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', 'mosquitto'].find(
    (path) => spawnSync(path, ['-h'], { stdio: 'ignore' }).error === undefined,
  );
}

function saidVersion(program: string | undefined, word: string): string {
  if (program === undefined) return 'not installed';
  return /\d+(\.\d+)+/.exec(spawnSync(program, [word], { encoding: 'utf8' }).stdout ?? '')?.[0] ?? 'unknown';
}

function mosquittoVersion(): string | undefined {
  const path = mosquittoPath();
  if (path === undefined) return undefined;
  return /version (\S+)/.exec(spawnSync(path, ['-h'], { encoding: 'utf8' }).stdout)?.[1];
}

function versionOf(name: string): string {
  const text = readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8');
  return String(new Map<string, unknown>(Object.entries(JSON.parse(text))).get('version'));
}
