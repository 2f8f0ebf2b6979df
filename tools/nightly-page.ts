/** A row of the page: what a suite last came to in a nightly run. */
export interface NightlyRow {
  readonly suite: string;
  readonly about: string;
  /** Day, seed, result and figures; undefined when it was never run. */
  readonly run: NightlyRun | undefined;
}

/** What one nightly run of a suite came to. */
export interface NightlyRun {
  /** `YYYY-MM-DD`. */
  readonly day: string;
  readonly seed: number;
  readonly result: string;
  readonly figures: string;
}

/** What a row says of a suite that no nightly run has made. */
const NOT_RUN = 'not run yet';

const HEAD = `# The nightly run

Written by \`npm run nightly\` at its end; not to be edited by hand. It runs all suites of \`npm test\` with greater extents, and six more, \`engines-long\`, \`page-long\`, \`soak\`, \`coverage\`, \`mutation\` and \`roles\`. \`npm run nightly -- SUITE… [--seed=N]\` runs some of them, or repeats a run; a short form of the six is \`npm test -- engines-long page-long soak coverage mutation roles\`.

Each row is the last nightly run of that suite, so rows may be of different runs. Which seeds and mutants a run takes follows from its seed.

| suite | what | day | seed | result | figures |
| --- | --- | --- | --- | --- | --- |
`;

/** The page of rows. */
export function nightlyPage(rows: readonly NightlyRow[]): string {
  return `${HEAD}${rows.map(({ suite, about, run }) => line(suite, about, run)).join('')}`;
}

/** What a page says of the suites that were run. */
export function readNightlyPage(page: string): Map<string, NightlyRun> {
  const runs = new Map<string, NightlyRun>();
  for (const text of page.split('\n')) {
    const cells = text.split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
    const [, suite = '', , day = '', seed = '', result = '', figures = ''] = cells;
    if (/^\d{4}-\d\d-\d\d$/.test(day)) runs.set(suite, { day, seed: Number(seed), result, figures });
  }
  return runs;
}

function line(suite: string, about: string, run: NightlyRun | undefined): string {
  const told = run ? [run.day, String(run.seed), run.result, run.figures] : [NOT_RUN, '', '', ''];
  return `| ${[suite, about, ...told].map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ')).join(' | ')} |\n`;
}
