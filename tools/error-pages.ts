/** One fault code as a package's \`<PACKAGE>_FAULTS\` map describes it. */
export interface Fault {
  readonly packageName: string;
  readonly code: string;
  readonly advice: string;
  readonly meaning: string;
  /** Exit code of the command line, where it has one of its own. */
  readonly exitCode?: number;
  /** HTTP status, where the API answers with this code. */
  readonly status?: number;
}

const ADVICE: Readonly<Record<string, string>> = {
  retry: 'The cause may pass: the caller tries again later, with growing pauses.',
  'give-up': 'Trying again would end the same way: the cause has to be removed first.',
  'dead-letter': 'The record is kept aside with its reason, and can be replayed when the cause is gone.',
  'end-process':
    'The process ends rather than go on with a promise it cannot keep; its supervisor starts it again.',
};

/** The faults of a module that exports \`<PACKAGE>_FAULTS\` maps. Throws a TypeError on an entry without advice or meaning. */
export function faultsOf(packageName: string, module: Readonly<Record<string, unknown>>): Fault[] {
  const maps = Object.entries(module).filter(([name]) => name.endsWith('_FAULTS'));
  return maps.flatMap(([name, map]) =>
    Object.entries(map as Record<string, Partial<Fault>>).map(([code, entry]) => {
      // checked below, entry by entry
      if (!entry.advice || !entry.meaning) throw new TypeError(`${name}['${code}'] lacks advice or meaning.`);
      return { ...entry, packageName, code, advice: entry.advice, meaning: entry.meaning };
    }),
  );
}

/** The pages of all faults by path inside \`docs/errors\`, the index among them. One page per code. */
export function errorPages(faults: readonly Fault[]): Map<string, string> {
  const byCode = Map.groupBy(faults, (fault) => fault.code);
  const codes = [...byCode.keys()].sort();
  const pages = new Map([['README.md', indexPage(codes.map((code) => [code, byCode.get(code) ?? []]))]]);
  for (const code of codes) pages.set(`${code}.md`, codePage(code, byCode.get(code) ?? []));
  return pages;
}

function indexPage(rows: readonly (readonly [string, readonly Fault[]])[]): string {
  const lines = rows.map(([code, faults]) => {
    const packages = faults.map((fault) => fault.packageName).join(', ');
    return `| [\`${code}\`](${code}.md) | ${packages} | ${faults.map((fault) => fault.meaning).join(' ')} |`;
  });
  return [
    '# Error codes',
    '',
    'Generated from `packages/*/src/errors.ts`; `npm run generate` writes it again. A code never changes its meaning; it',
    'stands in logs, metrics, HTTP problem bodies and messages of the command line.',
    '',
    '| code | package | meaning |',
    '|---|---|---|',
    ...lines,
    '',
  ].join('\n');
}

function codePage(code: string, faults: readonly Fault[]): string {
  return [
    `# ${code}`,
    '',
    ...faults.flatMap((fault) => faultLines(fault)),
    '[All error codes](README.md)',
    '',
  ].join('\n');
}

function faultLines(fault: Fault): string[] {
  const lines = [
    `## In ${fault.packageName}`,
    '',
    fault.meaning,
    '',
    `What follows: \`${fault.advice}\`. ${ADVICE[fault.advice] ?? ''}`.trim(),
    '',
  ];
  if (fault.exitCode !== undefined) lines.push(`The command line ends with exit code ${fault.exitCode}.`, '');
  if (fault.status !== undefined) lines.push(`The HTTP API answers with status ${fault.status}.`, '');
  return lines;
}
