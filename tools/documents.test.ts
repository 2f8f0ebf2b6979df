import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { commandsPage } from './commands-page.ts';
import { configurationPage } from './configuration-page.ts';
import { ROOT } from './packages.ts';

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
  assert(page.includes('## dlq show\n\nShows one.\n\n`skerry dlq show OFFSET [flags]`\n'));
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

function documents(): string[] {
  return globSync(['*.md', 'docs/**/*.md', 'packages/*/README.md', 'testkit/README.md'], {
    cwd: ROOT,
  }).sort();
}

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
