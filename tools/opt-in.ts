/** A part of the tests that runs only against an engine somebody names. */
export interface OptIn {
  readonly engine: string;
  /** Names the engine; without it the part was not run. */
  readonly variable: string;
  /** What is to be set and to what, in words. */
  readonly how: string;
  /** The test file, from the repository's folder. */
  readonly file: string;
}

/** All of them; `docs/ENGINES.md` tells what each proves. */
export const OPT_IN: readonly OptIn[] = [
  {
    engine: 'TimescaleDB',
    variable: 'SKERRY_TIMESCALE_URL',
    how: 'SKERRY_TIMESCALE_URL to a superuser of an empty database',
    file: 'tests/engines/postgres/timescale.test.ts',
  },
  {
    engine: 'InfluxDB 2',
    variable: 'SKERRY_INFLUX2_URL',
    how: 'SKERRY_INFLUX2_URL, _ORG, _BUCKET and _TOKEN to an empty bucket',
    file: 'tests/engines/influx/version-two.test.ts',
  },
  {
    engine: 'InfluxDB 3',
    variable: 'SKERRY_INFLUX3_URL',
    how: 'SKERRY_INFLUX3_URL, _DATABASE and _TOKEN to an empty database',
    file: 'tests/engines/influx/version-two.test.ts',
  },
];

/** A line for each opt-in part of these files that was not run, since nothing names its engine. */
export function notRun(
  files: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  return OPT_IN.filter(
    ({ file, variable }) => files.some((path) => path.endsWith(`/${file}`)) && env[variable] === undefined,
  ).map(({ engine, how, file }) => `not run: ${engine} (set ${how}; ${file})`);
}
