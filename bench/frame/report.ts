import { type Figures, shown } from './case.ts';
import type { CaseResult, Verdict } from './contest.ts';

/** A result for a person: medians per side, ratios to each peer, targets. */
export function formatResult(result: CaseResult): string {
  const figures = [...new Set(result.sides.flatMap((side) => Object.keys(side.medians)))];
  const ran = result.sides.filter((side) => side.missing === '');
  const rows = [
    ['', ...ran.map((side) => side.name), ...Object.keys(result.ratios).map((peer) => `to ${peer}`)],
    ...figures.map((name) => [
      name,
      ...ran.map((side) => cell(side.medians, name)),
      ...Object.values(result.ratios).map((ratio) => (name in ratio ? `${cell(ratio, name)} x` : '')),
    ]),
  ];
  const widths = rows.reduce<number[]>(
    (most, row) => row.map((text, i) => Math.max(most[i] ?? 0, text.length)),
    [],
  );
  const table = rows.map((row) =>
    `  ${row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('  ')}`.trimEnd(),
  );
  const missing = result.sides
    .filter((side) => side.missing !== '')
    .map((side) => `  ${side.name} did not run: ${side.missing}`);
  const verdicts = result.verdicts.map((verdict) => `  ${verdictText(verdict)}`);
  const head = `${result.case}: ${result.title} (${result.form}, medians of ${result.rounds}, load ${result.machine.load})`;
  return [head, ...table, ...missing, ...verdicts].join('\n');
}

/** All targets of several results, and how many of them are met. */
export function formatVerdicts(results: readonly CaseResult[]): string {
  const all = results.flatMap(({ case: name, verdicts }) =>
    verdicts.map((verdict) => ({ name, isMet: verdict.isMet, text: verdictText(verdict) })),
  );
  const met = all.filter(({ isMet }) => isMet).length;
  return [
    ...all.map(({ name, text }) => `${name.padEnd(16)} ${text}`),
    `${met} of ${all.length} targets met.`,
  ].join('\n');
}

function verdictText({ wanted, found, isMet }: Verdict): string {
  return `${isMet ? 'met   ' : 'MISSED'} ${wanted}: ${found === '' ? 'not measured' : found}`;
}

function cell(figures: Figures, name: string): string {
  const value = figures[name];
  return value === undefined ? '' : shown(value);
}
