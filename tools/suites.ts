import { globSync } from 'node:fs';
import { join } from 'node:path';
import type { NeedName } from './needs.ts';
import { ROOT } from './packages.ts';

/** A part of the tests that is run, timed and judged by itself. */
export interface Suite {
  readonly name: string;
  readonly about: string;
  /** Test files, as patterns from the repository's folder. */
  readonly files: readonly string[];
  /** How the names of those end that another suite runs. */
  readonly butNot?: string | undefined;
  /** For a suite that is one command and no test files: its words after `node`. */
  readonly command?: readonly string[];
  readonly needs: readonly NeedName[];
  readonly env?: Readonly<Record<string, string>>;
  readonly concurrency: number;
  readonly deadlineSecs: number;
  /** For one file, so that a file that hangs is named and the others still count; the suite's own when absent. */
  readonly fileDeadlineSecs?: number;
  /** Left out of `npm test` unless it is named. */
  readonly isNightlyOnly?: boolean;
}

/** How much the parts do whose length is a choice. */
export interface Extent {
  readonly kills: number;
  readonly cuts: number;
  readonly simulationCpuSecs: number;
  /** Examples of each operation that the fuzzing of the HTTP API makes beside those of its schema; 3 when absent. */
  readonly fuzzExamples?: number;
  /** Runs of each property-based test. */
  readonly propertyRuns: number;
  readonly seed: number;
  /** Multiplies every deadline but those of the `long` suites. */
  readonly patience: number;
  /** Of the suites that only the nightly run makes unasked; without it there are none of them. */
  readonly long?: LongExtent;
}

/** How much the suites do that only the nightly run makes unasked. */
export interface LongExtent {
  /** Time of the soak under load. */
  readonly soakSecs: number;
  readonly mutants: number;
  /** Runs of the data plane in roles, a fault in each. */
  readonly roleRuns: number;
}

const CLIENTS_SUITE: Suite = {
  name: 'clients',
  about: 'MQTT clients of others against the broker',
  files: ['tests/clients/**/*.test.ts'],
  needs: ['mosquitto', 'mosquitto-clients', 'paho', 'libmosquitto', 'openssl', 'shells'],
  concurrency: 3,
  deadlineSecs: 300,
};

const LONG_TEST = '.long.test.ts';

const ENGINES_SUITE: Suite = {
  name: 'engines',
  about: 'Kafka, PostgreSQL and the other real engines, killed and frozen as well',
  files: ['tests/engines/**/*.test.ts'],
  butNot: LONG_TEST,
  needs: [
    ...(['kafka', 'kcat', 'postgres', 'mosquitto', 'mosquitto-clients'] as const),
    ...(['influxdb', 'victoria-metrics', 'prometheus', 'alertmanager', 'redis'] as const),
  ],
  concurrency: 3,
  deadlineSecs: 1_500,
};

const PAGE_SUITE: Suite = {
  name: 'page',
  about: 'the page in a browser',
  files: ['tests/page/**/*.test.ts'],
  butNot: LONG_TEST,
  needs: ['chromium', 'chinese-font'],
  concurrency: 3,
  deadlineSecs: 900,
};

/** What `npm test` and the nightly run make, in this order. */
export function allSuites(extent: Extent): readonly Suite[] {
  const suites: readonly Suite[] = [
    {
      name: 'fast',
      about: 'every package by itself, the test kit, the tools, tidy',
      files: [
        'packages/*/src/**/*.test.ts',
        'testkit/src/**/*.test.ts',
        'tests/tidy/**/*.test.ts',
        'tests/deploy/**/*.test.ts',
        'tests/soak/**/*.test.ts',
        'tools/**/*.test.ts',
        'bench/**/*.test.ts',
      ],
      env: { SKERRY_PROPERTY_RUNS: String(extent.propertyRuns) },
      needs: [],
      concurrency: 2,
      deadlineSecs: 360,
      fileDeadlineSecs: 90,
    },
    {
      name: 'e2e',
      about:
        'the real process: configuration, bad input, the fixture read back; planted defects; the campaign itself',
      files: ['tests/e2e/**/*.test.ts', 'tests/defects/**/*.test.ts', 'tests/torture/**/*.test.ts'],
      needs: ['faketime', 'loop-ext4', 'mosquitto-clients'],
      concurrency: 3,
      deadlineSecs: 720,
    },
    {
      name: 'http',
      about: 'telemetry over HTTP, its document and its export, by the real process',
      files: ['tests/http/**/*.test.ts'],
      env: { SKERRY_FUZZ_EXAMPLES: String(extent.fuzzExamples ?? 3) },
      needs: ['schemathesis'],
      concurrency: 3,
      deadlineSecs: 240,
    },
    {
      name: 'images',
      about: 'the recipe of the image before a linter of Dockerfiles',
      files: ['tests/images/**/*.test.ts'],
      needs: ['hadolint'],
      concurrency: 1,
      deadlineSecs: 60,
    },
    CLIENTS_SUITE,
    ENGINES_SUITE,
    PAGE_SUITE,
    {
      name: 'simulation',
      about: `broker, journal and pipeline under seeded faults, ${extent.simulationCpuSecs} CPU-seconds`,
      files: ['tests/simulation/**/*.test.ts'],
      env: { SKERRY_SIMULATION_CPU_SECS: String(extent.simulationCpuSecs), SKERRY_SEED: String(extent.seed) },
      needs: [],
      concurrency: 2,
      deadlineSecs: 300,
    },
    tortureSuite(extent),
  ];
  return [
    ...suites.map((suite) => withPatience(suite, extent.patience)),
    ...(extent.long ? longSuites(extent.long, extent.seed) : []),
  ];
}

function tortureSuite({ kills, cuts, seed }: Extent): Suite {
  return {
    name: 'torture',
    about: `${kills} kills and ${cuts} power cuts of the real process`,
    files: ['tests/torture/main.ts'],
    command: [
      'tests/torture/main.ts',
      ...['--kills', String(kills)],
      ...['--cuts', String(cuts)],
      ...['--seed', String(seed)],
    ],
    needs: ['loop-ext4'],
    concurrency: 1,
    deadlineSecs: 300,
  };
}

/** Each but the first is one command that ends with `N passed, N failed`; its figures go to the file that SKERRY_FIGURES names. */
function longSuites({ soakSecs, mutants, roleRuns }: LongExtent, seed: number): readonly Suite[] {
  return [
    {
      ...ENGINES_SUITE,
      name: 'engines-long',
      about: 'the real engines in what takes long: clusters, outages, take-overs',
      files: [`tests/engines/**/*${LONG_TEST}`],
      butNot: undefined,
      deadlineSecs: 3_600,
      fileDeadlineSecs: 900,
      isNightlyOnly: true,
    },
    {
      ...PAGE_SUITE,
      name: 'page-long',
      about: 'the page in a browser, in scenes that other tests have looked at once',
      files: [`tests/page/**/*${LONG_TEST}`],
      butNot: undefined,
      isNightlyOnly: true,
    },
    {
      name: 'soak',
      about: `the real process under mixed load for ${soakSecs} s, restarted in the middle`,
      files: ['tests/soak/main.ts'],
      command: ['tests/soak/main.ts', '--secs', String(soakSecs), '--seed', String(seed)],
      needs: [],
      concurrency: 1,
      deadlineSecs: 2 * soakSecs + 300,
      isNightlyOnly: true,
    },
    {
      name: 'coverage',
      about: 'the share of the branches of broker, journal and pipeline that the simulation alone covers',
      files: ['tests/simulation/coverage.ts'],
      command: ['tests/simulation/coverage.ts', '30'],
      needs: [],
      concurrency: 1,
      deadlineSecs: 600,
      isNightlyOnly: true,
    },
    {
      name: 'mutation',
      about: `${mutants} changes of the code, each of which a test should notice`,
      files: ['tools/mutation/main.ts'],
      command: ['tools/mutation/main.ts', '--mutants', String(mutants), '--seed', String(seed)],
      needs: [],
      concurrency: 1,
      deadlineSecs: 60 * mutants + 600,
      isNightlyOnly: true,
    },
    {
      name: 'roles',
      about: `the data plane in roles on Kafka and PostgreSQL, ${roleRuns} faults between each two steps of a message's way`,
      files: ['tests/roles/main.ts'],
      command: ['tests/roles/main.ts', '--runs', String(roleRuns), '--seed', String(seed)],
      needs: ['kafka', 'postgres', 'mosquitto'],
      concurrency: 1,
      deadlineSecs: 60 * roleRuns + 600,
      isNightlyOnly: true,
    },
  ];
}

function withPatience(suite: Suite, patience: number): Suite {
  const deadlineSecs = suite.deadlineSecs * patience;
  return {
    ...suite,
    deadlineSecs,
    fileDeadlineSecs: (suite.fileDeadlineSecs ?? suite.deadlineSecs) * patience,
  };
}

/** The files of a suite that exist, sorted. */
export function filesOf(suite: Suite): string[] {
  return suite.files
    .flatMap((pattern) => globSync(pattern, { cwd: ROOT }))
    .filter((path) => suite.butNot === undefined || !path.endsWith(suite.butNot))
    .sort()
    .map((path) => join(ROOT, path));
}
