import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { FAILPOINTS, type LimitTable } from '@skerry/kernel';
import { commandsPage, type PageVerb } from './commands-page.ts';
import { configurationPage, type LeafNames, type PageLeaf } from './configuration-page.ts';
import { loadFrom, packageNames, ROOT } from './packages.ts';
import { allSuites } from './suites.ts';

const NAMES = {
  environmentName: (path: string) => `ENV ${path}`,
  flagName: (path: string) => `flag-${path}`,
};

test('configurationPage has a row per key with default, range, variable and flag', () => {
  const page = configurationPage(
    [
      { path: 'folder', schema: { type: 'string', description: 'Where.' } },
      {
        path: 'a.port',
        schema: { type: 'integer', default: 1, minimum: 0, maximum: 65_535, description: 'Of it.' },
      },
      { path: 'a.kind', schema: { type: 'string', enum: ['x', 'y'], default: 'x' } },
      { path: 'b.list', schema: { type: 'array', default: ['p|q', 'r'] } },
    ],
    NAMES,
  );
  assert(page.includes('| `folder` |  | text | Where. | `ENV folder` | `--flag-folder` |'));
  assert(page.includes('| `a.port` | `1` | whole number from 0 to 65,535 | Of it. |'));
  assert(page.includes('| `a.kind` | `x` | `x`, `y` |'));
  assert(page.includes('| `b.list` | `p\\|q`<br>`r` | list of texts |'));
  assert(page.includes('# folder: …\na:\n  port: 1\n  kind: "x"\nb:\n  list:\n    - "p|q"\n    - "r"\n'));
});

test('commandsPage tells of words, flags, examples and exit codes, and leaves out what stands elsewhere', () => {
  const page = commandsPage(
    [
      {
        path: ['dlq', 'show'],
        summary: 'Shows one.',
        positionals: [{ name: 'OFFSET', what: 'Which.', isRequired: true }],
        flags: [
          { name: 'output', short: 'o', type: 'text', what: 'Shape.', choices: ['json', 'yaml'] },
          { name: 'hex', type: 'switch', what: 'In hex.' },
          { name: 'data-dir', type: 'text', what: 'Folder.' },
        ],
        examples: ['skerry dlq show 7'],
      },
    ],
    '  0  Done.\n',
    new Set(['data-dir']),
  );
  assert(
    page.includes(
      '## dlq show\n\nShows one. [Manual](commands/dlq-show.md)\n\n`skerry dlq show OFFSET [flags]`\n',
    ),
  );
  assert(
    page.includes('| `OFFSET` | Which. |\n| `-o, --output json\\|yaml` | Shape. |\n| `--hex` | In hex. |'),
  );
  assert(page.includes('```\nskerry dlq show 7\n```'));
  assert(page.includes('```\n  0  Done.\n```'));
  assert(!page.includes('data-dir'));
});

test('documents link to files and headings that exist', () => {
  const pages = documents();
  assert(pages.includes('README.md') && pages.includes('docs/ARCHITECTURE.md'));
  const broken = pages.flatMap((page) =>
    linksOf(readText(page)).flatMap(({ target, line }) =>
      leadsSomewhere(page, target) ? [] : [`${page}:${line} ${target}`],
    ),
  );
  assert.deepEqual(broken, []);
});

test('documents name npm scripts of the repository that exist', () => {
  const scripts = Object.keys(JSON.parse(readText('package.json')).scripts);
  const named = documents().flatMap((page) =>
    [...readText(page).matchAll(/\bnpm run ([\w:]+)\b(?! -w)/g)].map(
      (match) => [page, String(match[1])] as const,
    ),
  );
  assert(named.some(([page, name]) => page === 'CONTRIBUTING.md' && name === 'ok'));
  assert.deepEqual(
    named.filter(([, name]) => !scripts.includes(name)),
    [],
  );
});

test('documents name paths in backticks that exist', () => {
  const named = documents().flatMap((page) => pathsOf(page));
  assert(named.some(({ pattern }) => pattern === 'packages/*/src/limits.ts'));
  assert(named.some(({ pattern }) => pattern === 'packages/mqtt/src/packets/'));
  assert.deepEqual(
    named
      .filter(({ pattern }) => globSync(pattern, { cwd: ROOT }).length === 0)
      .map(({ page, line, pattern }) => `${page}:${line} ${pattern}`),
    [],
  );
});

test('documents name exports of packages that exist', () => {
  const named = documents().flatMap((page) =>
    [...readText(page).matchAll(/@skerry\/([a-z]+)((?:\/[a-z-]+)*)/g)].map(
      ([, name, subpath]) => [page, String(name), `.${subpath}`] as const,
    ),
  );
  assert(named.some(([, name, subpath]) => name === 'journal' && subpath === './segment'));
  const missing = named.filter(([, name, subpath]) => {
    const room = name === 'testkit' ? 'testkit' : `packages/${name}`;
    const exported = existsSync(join(ROOT, room))
      ? JSON.parse(readText(`${room}/package.json`)).exports
      : undefined;
    return subpath === '.' ? !existsSync(join(ROOT, room)) : exported?.[subpath] === undefined;
  });
  assert.deepEqual(missing, []);
});

test('README.md names every verb of the command', async () => {
  const { verbs } = await commandLine();
  const readme = readText('README.md');
  assert(verbs.length > 10);
  assert.deepEqual(
    verbs.map((verb) => verb.path.join(' ')).filter((name) => !new RegExp(`\`${name}[ \`]`).test(readme)),
    [],
  );
});

test('documents show lines of the command whose verbs and flags exist', async () => {
  const { verbs } = await commandLine();
  const lines = documents().flatMap((page) => commandLinesOf(page));
  assert(lines.some(({ page, words }) => page === 'README.md' && words[0] === 'devices'));
  assert(lines.some(({ page, words }) => page === 'README.md' && words.includes('--audit')));
  assert.deepEqual(
    lines.flatMap(({ page, words }) => {
      const fault = faultOfLine(words, verbs);
      return fault === undefined ? [] : [`${page}: skerry ${words.join(' ')}: ${fault}`];
    }),
    [],
  );
});

test('documents name variables that the command knows', async () => {
  const { leaves, environmentName } = await commandLine();
  const known = new Set([
    ...leaves.map(({ path }) => environmentName(path)),
    ...[...readText('docs/CONFIGURATION.md').matchAll(/^\| (`SKERRY_.*?) \|/gm)].flatMap(([, names = '']) =>
      names.replaceAll('`', '').split(', '),
    ),
  ]);
  assert(known.has('SKERRY_HTTP_PORT') && known.has('SKERRY_CONFIG'));
  const unknown = documents().flatMap((page) =>
    [...readText(page).matchAll(/\bSKERRY_[A-Z_\d]+(?![A-Z_\d*])/g)].flatMap(([name]) =>
      known.has(name) || /^SKERRY_(TEST|BENCH)_/.test(name) ? [] : [`${page}: ${name}`],
    ),
  );
  assert.deepEqual(unknown, []);
});

test('CONTRIBUTING.md tells of every suite as it is', () => {
  const extent = { kills: 10, cuts: 3, simulationCpuSecs: 60, propertyRuns: 100, seed: 1, patience: 1 };
  const rows = new Map(
    [...readText('CONTRIBUTING.md').matchAll(/^\| `([a-z0-9]+)` \|.*\|([^|]*)\| (\d+) s \|$/gm)].map(
      ([, name, needs, secs]) => [String(name), { needs: String(needs), secs: String(secs) }],
    ),
  );
  const suites = allSuites(extent);
  assert.deepEqual(
    [...rows].map(([name, { secs }]) => `${name} ${secs}`),
    suites.map(({ name, deadlineSecs }) => `${name} ${deadlineSecs}`),
  );
  const mostSecs = suites.reduce((sum, { deadlineSecs }) => sum + deadlineSecs, 0);
  const [, told] = /All deadlines together stay below ([\d,]+) s/.exec(readText('CONTRIBUTING.md')) ?? [];
  assert.ok(mostSecs < Number(told?.replace(',', '')), `the deadlines come to ${mostSecs} s`);
  const untold = suites.flatMap(({ name, needs }) =>
    needs.filter((need) => need !== 'loop-ext4' && !rows.get(name)?.needs.includes(need)),
  );
  assert.deepEqual(untold, []);
});

test('docs/ARCHITECTURE.md gives each failpoint to the thread whose code passes it', () => {
  const threads: Readonly<Record<string, string>> = {
    mqtt: 'main',
    journal: 'log',
    pipeline: 'pipeline',
    series: 'store',
  };
  const told = new Map(
    [...readText('docs/ARCHITECTURE.md').matchAll(/^\| `([a-z-]+)` \| ([a-z]+) \|/gm)].map(
      ([, name, thread]) => [name, thread],
    ),
  );
  const sources = globSync('packages/*/src/**/*.ts', { cwd: ROOT }).filter(
    (path) => !/\.test\.ts$|\/(testing|memory)\//.test(path),
  );
  const passed = new Map(
    sources.flatMap((path) =>
      [...readText(path).matchAll(/[fF]ailpoint\('([a-z-]+)'\)/g)].map(
        ([, name]) => [name, threads[String(path.split('/')[1])]] as const,
      ),
    ),
  );
  assert.deepEqual([...passed.keys()].sort(), [...FAILPOINTS].sort());
  assert.deepEqual(
    FAILPOINTS.map((name) => [name, told.get(name)]),
    FAILPOINTS.map((name) => [name, passed.get(name)]),
  );
});

test('limits that have a key are in the configuration, with the same default', async () => {
  const { leaves } = await commandLine();
  const keyed = (await Promise.all(packageNames().map(keyedLimitsOf))).flat();
  assert(keyed.some(({ key }) => key === 'journal.bytesMax'));
  const wrong = keyed.flatMap(({ limit, key, value }) => {
    const leaf = leaves.find(({ path }) => path === key);
    if (!leaf) return [`${limit}: there is no key ${key}`];
    return leaf.schema.default === value ? [] : [`${limit} is ${value}, ${key} ${leaf.schema.default}`];
  });
  assert.deepEqual(wrong, []);
});

async function keyedLimitsOf(name: string) {
  const table = (await loadFrom(name, 'limits.ts'))?.LIMITS as LimitTable | undefined; // checked where it stands
  return Object.entries(table ?? {}).flatMap(([limit, { key, value }]) =>
    key === undefined ? [] : [{ limit: `${name} ${limit}`, key, value }],
  );
}

/** Verbs and keys of the command, from the tables that it works with. */
async function commandLine() {
  const schema = await loadFrom('cli', 'config/schema.ts');
  const { configLeaves, environmentName } = schema as unknown as LeafNames & { configLeaves(): PageLeaf[] }; // as that file exports them
  const verbs = (await loadFrom('cli', 'commands/verbs.ts'))?.VERBS as readonly PageVerb[]; // as that file exports it
  return { leaves: configLeaves(), environmentName, verbs };
}

const FOLDERS = /^(?:packages|docs|tests|tools|bench|testkit|src|\.ci)\//;
/** Names that stand for others, and folders that are filled by a command. */
const OPEN = /NNNN|PID|[<>{}…]|^bench\/results\//;

/** Paths of the repository that a page names in backticks, as patterns; `src/` is that of the page's package. */
function pathsOf(page: string): { readonly page: string; readonly line: number; readonly pattern: string }[] {
  return [...readText(page).matchAll(/`([^`\s]+)`/g)]
    .map((match) => ({
      path: String(match[1]),
      line: readText(page).slice(0, match.index).split('\n').length,
    }))
    .filter(({ path }) => FOLDERS.test(path) && !OPEN.test(path))
    .map(({ path, line }) => ({
      page,
      line,
      pattern: path.startsWith('src/') ? join(dirname(page), path) : path,
    }));
}

/** What follows `skerry` on the lines of a page's code blocks and in its code. */
function commandLinesOf(page: string): { readonly page: string; readonly words: readonly string[] }[] {
  const text = readText(page).replaceAll('\\\n', ' ');
  const lines = [...text.matchAll(/(?:^|`|&& )(?:npx )?skerry ([a-z][^`\n]*)/gm)].map((match) =>
    String(match[1]),
  );
  return lines.map((line) => ({
    page,
    words: line
      .replace(/ [#>|&].*$|"[^"]*"|'[^']*'/g, '')
      .trim()
      .split(/\s+/),
  }));
}

/** What is wrong with a line, or undefined. */
function faultOfLine(words: readonly string[], verbs: readonly PageVerb[]): string | undefined {
  if (words[0] === 'help') return undefined;
  const verb = verbs.find(
    ({ path }) => path.every((word, at) => words[at] === word) && isLongest(path, words, verbs),
  );
  if (!verb)
    return verbs.some(({ path }) => path[0] === words[0] && words.length === 1) ? undefined : 'no such verb';
  const known = new Set(['--help', ...verb.flags.map(({ name }) => `--${name}`)]);
  const isKnown = (word: string): boolean => {
    const name = word.replace(/=.*$/, '');
    return known.has(name) || (name.startsWith('--no-') && known.has(`--${name.slice('--no-'.length)}`));
  };
  return words.find((word) => word.startsWith('--') && !isKnown(word));
}

/** `ledger gaps` is meant by a line that begins so, not `ledger`. */
function isLongest(path: readonly string[], words: readonly string[], verbs: readonly PageVerb[]): boolean {
  return !verbs.some(
    (one) => one.path.length > path.length && one.path.every((word, at) => words[at] === word),
  );
}

function documents(): string[] {
  return globSync(['*.md', 'docs/**/*.md', 'packages/*/README.md', 'testkit/README.md'], {
    cwd: ROOT,
  }).sort();
}

test('the runbook of dead letters says of each reason what to do, and names no other', () => {
  const page = readText('docs/runbooks/SkerryDeadLettersRising.md');
  const told = [...page.matchAll(/^\d+\. `([a-z-]+)`:/gm)].map(([, reason]) => reason);
  const [, union = ''] =
    /type DeadLetterReason =([^;]+);/.exec(readText('packages/model/src/dead-letter.ts')) ?? [];
  const reasons = [...union.matchAll(/'([a-z-]+)'/g)].map(([, reason]) => reason);
  assert.ok(reasons.length > 3);
  assert.deepEqual(told.toSorted(), reasons.toSorted());
});

function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Links of a page to places in the repository, outside of code. */
function linksOf(text: string): { readonly target: string; readonly line: number }[] {
  const prose = text.replace(/```[\s\S]*?```|`[^`\n]*`/g, (code) => code.replace(/[^\n]/g, ' '));
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map((match) => ({ target: String(match[1]), line: prose.slice(0, match.index).split('\n').length }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

function leadsSomewhere(page: string, target: string): boolean {
  const [path, anchor] = target.split('#');
  const file = path === '' || path === undefined ? page : join(dirname(page), path);
  if (!existsSync(join(ROOT, file))) return false;
  return anchor === undefined || statSync(join(ROOT, file)).isDirectory() || headingsOf(file).has(anchor);
}

/** Anchors of a page's headings, as renderers make them. */
function headingsOf(path: string): Set<string> {
  return new Set(
    [...readText(path).matchAll(/^#+ (.+)$/gm)].map((match) =>
      String(match[1])
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
