import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MISSED_TARGETS, type Reasons } from './cases/missed-targets.ts';
import { type BenchCase, type Figures, shown } from './frame/case.ts';
import type { CaseResult } from './frame/contest.ts';
import { ROOT } from './frame/machine.ts';
import { readResult } from './frame/result-files.ts';

/** Figures that the page shows of every side, in this order, where a side has them. */
const COLUMNS: readonly (readonly [figure: string, title: string])[] = [
  ['perSec', 'per second'],
  ['storedPerSec', 'stored per second'],
  ['cpuSecsPerMillion', 'CPU-s/M'],
  ['p50Ms', 'p50 ms'],
  ['p99Ms', 'p99 ms'],
];

/** Writes docs/PERFORMANCE.md from bench/results. */
export function writePage(cases: readonly BenchCase[]): void {
  writeFileSync(join(ROOT, 'docs', 'PERFORMANCE.md'), formatPage(cases, readResult));
}

/** The page; what was not measured says so, and so does a missed target whose reason nobody has written down. */
export function formatPage(
  cases: readonly BenchCase[],
  resultOf: (name: string) => CaseResult | undefined,
  reasons: Reasons = MISSED_TARGETS,
): string {
  const results = cases.map((one) => ({ one, result: resultOf(one.name) }));
  const measured = results.flatMap(({ result }) => (result === undefined ? [] : [result]));
  return `${[
    '# Performance',
    'Written by `npm run bench -- --page` from `bench/results/*.json`; not to be edited by hand.',
    HOW_TO_READ,
    '## Targets',
    table(
      ['case', 'measure', 'wanted', 'measured', 'met', 'form', 'rounds'],
      results.flatMap(({ one, result }) => targetRows(one, result)),
    ),
    '## Targets that are missed, by how much and why',
    missedText(measured, reasons),
    ...(measured.length === 0 ? [] : ['## Machine', machineText(measured)]),
    '## Cases',
    ...results.map(({ one, result }) => caseText(one, result)),
    HOW_TO_REPEAT,
  ].join('\n\n')}\n`;
}

const HOW_TO_READ = `Each figure is the median of the rounds that its row names (of one round it is that round), in which the product and its peers ran by turns, on the same cores as the load generator. CPU-s/M is CPU seconds per million messages of the process that serves, all its threads, from \`/proc\`; the generator's own stand beside it in the result files. Memory is the resident set of the server process, its supervisor stated beside it. 1 MB is 10^6 bytes.

Brokers differ in what an acknowledgement means; each side's promise stands in its case. A rate without that is no comparison.`;

const HOW_TO_REPEAT = `## How to repeat

\`\`\`sh
npm run bench                                  # a short form of all cases
npm run bench -- puback-100x100 --rounds 5     # one case
npm run bench -- --full                        # full length; about an hour
npm run bench -- --page                        # this page
\`\`\`

Data folders are made in the folder for temporary files, or in \`SKERRY_BENCH_DIR\`; it has to lie on a real disk. mosquitto comes from Debian (\`apt-get install mosquitto\`), the other peers are development dependencies. One thread is stopped by ptrace, for which python3 and the right to trace one's own children are needed. Result files name the machine, versions and the load when the case began; figures from a machine that was busy are not worth comparing.`;

function targetRows(one: BenchCase, result: CaseResult | undefined): string[][] {
  return one.targets.map(({ wanted }, i) => {
    const verdict = result?.verdicts.find((found) => found.wanted === wanted);
    const found = verdict?.found ?? '';
    return [
      one.name,
      i === 0 ? one.title : '',
      wanted,
      found === '' ? 'not measured' : found,
      found === '' ? '' : verdict?.isMet ? 'yes' : '**no**',
      result?.form ?? '',
      result === undefined ? '' : `${result.rounds} of ${result.secs} s`,
    ];
  });
}

function missedText(results: readonly CaseResult[], reasons: Reasons): string {
  const missed = results.flatMap((result) =>
    result.verdicts
      .filter(({ found, isMet }) => found !== '' && !isMet)
      .map(({ wanted, found }) => {
        const why = reasons[result.case]?.[wanted] ?? '';
        const reason = why === '' ? 'Why is not written down yet (`bench/cases/missed-targets.ts`).' : why;
        return `- **${result.case}**, ${wanted}: ${found}${distance(wanted, found)}. ${reason}`;
      }),
  );
  return missed.length === 0 ? 'None of those measured.' : missed.join('\n');
}

/** How far a figure is from its bound, as a share of it; empty where either is no number. */
function distance(wanted: string, found: string): string {
  const bound = Number(/[<>]= ([\d.]+)/.exec(wanted)?.[1]);
  const figure = Number.parseFloat(found.replaceAll(',', ''));
  if (!(bound > 0) || Number.isNaN(figure)) return '';
  const share = Math.round(Math.abs(figure / bound - 1) * 100);
  return `, ${share} % ${figure > bound ? 'above' : 'below'}`;
}

function machineText(results: readonly CaseResult[]): string {
  const kinds = new Set(
    results.map(
      ({ machine }) =>
        `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, Linux ${machine.kernel}, ${machine.fileSystem}; ${Object.entries(
          machine.versions,
        )
          .map(([name, version]) => `${name} ${version}`)
          .join(', ')}`,
    ),
  );
  const loads = results.map(({ machine }) => machine.load);
  return `${[...kinds].map((text) => `- ${text}`).join('\n')}\n\nLoad average when the cases began: ${Math.min(...loads)} to ${Math.max(...loads)}.`;
}

function caseText(one: BenchCase, result: CaseResult | undefined): string {
  const promises = one.sides.map((side) => `- **${side.name}**: ${side.promise}.`).join('\n');
  const notes = one.notes.join(' ');
  const parts = [`### ${one.name}`, `${one.title}.`, promises, notes];
  if (result) parts.push(figuresTable(result), ratioText(result), measuredText(result));
  return parts.filter((part) => part !== '').join('\n\n');
}

function figuresTable({ sides }: CaseResult): string {
  const columns = COLUMNS.filter(([figure]) => sides.some((side) => figure in side.medians));
  const others = (medians: Figures): string =>
    Object.entries(medians)
      .filter(([figure]) => !columns.some(([name]) => name === figure))
      .map(([figure, value]) => `${figure} ${shown(value)}`)
      .join(', ');
  return table(
    ['side', ...columns.map(([, title]) => title), 'beside'],
    sides.map(({ name, missing, medians }) => [
      name,
      ...columns.map(([figure]) => (medians[figure] === undefined ? '' : shown(medians[figure]))),
      missing === '' ? others(medians) : `did not run: ${missing}`,
    ]),
  );
}

function ratioText({ ratios }: CaseResult): string {
  return Object.entries(ratios)
    .map(([peer, figures]) => {
      const shownRatios = COLUMNS.filter(([figure]) => figure in figures).map(
        ([figure, title]) => `${title} ${shown(Number(figures[figure]))} times`,
      );
      return shownRatios.length === 0 ? '' : `Beside ${peer}: ${shownRatios.join(', ')}.`;
    })
    .filter((text) => text !== '')
    .join('\n');
}

function measuredText({ form, rounds, secs, machine }: CaseResult): string {
  return `Measured ${machine.at.slice(0, 16).replace('T', ' ')} UTC at ${machine.commit}, ${form} form, ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of ${secs} s, load ${machine.load}.`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
