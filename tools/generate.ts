// npm run generate [-- --check]: writes every generated file, or with --check fails when one is stale.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LimitTable } from '@skerry/kernel';
import { errorPages, faultsOf } from './error-pages.ts';
import { limitsPage } from './limits-page.ts';
import { loadFrom, packageNames, ROOT } from './packages.ts';

const ERRORS = 'docs/errors';

const files = await allFiles();
const stale = [...files.keys()].filter((path) => readOr(path) !== files.get(path));
const leftOver = existsSync(join(ROOT, ERRORS))
  ? readdirSync(join(ROOT, ERRORS))
      .map((name) => `${ERRORS}/${name}`)
      .filter((path) => !files.has(path))
  : [];
if (process.argv.includes('--check')) check();
else write();

/**
 * Path to text of every generated file. Beside limits and errors, a package that exports
 * \`generatedFiles(): Map<path in the repository, text>\` (or a promise of it) from \`src/generated-files.ts\` takes part.
 */
async function allFiles(): Promise<Map<string, string>> {
  const limits: [string, LimitTable][] = [];
  const faults = [];
  const found = new Map<string, string>();
  for (const name of packageNames()) {
    const table = (await loadFrom(name, 'limits.ts'))?.LIMITS;
    if (table) limits.push([name, table as LimitTable]); // every limits.ts is checked against the type where it stands
    faults.push(...faultsOf(name, (await loadFrom(name, 'errors.ts')) ?? {}));
    const generatedFiles = (await loadFrom(name, 'generated-files.ts'))?.generatedFiles;
    if (typeof generatedFiles === 'function') {
      for (const [path, text] of await generatedFiles()) found.set(path, text);
    }
  }
  found.set('docs/LIMITS.md', limitsPage(limits));
  for (const [path, text] of errorPages(faults)) found.set(`${ERRORS}/${path}`, text);
  return found;
}

function check(): void {
  for (const path of [...stale, ...leftOver]) console.error(`${path}:1 is stale; npm run generate`);
  if (stale.length + leftOver.length > 0) process.exitCode = 1;
  else console.log(`${files.size} generated files are up to date.`);
}

function write(): void {
  for (const path of leftOver) rmSync(join(ROOT, path));
  for (const path of stale) {
    mkdirSync(join(ROOT, dirname(path)), { recursive: true });
    writeFileSync(join(ROOT, path), String(files.get(path)));
  }
  console.log(`${files.size} generated files: ${stale.length} written, ${leftOver.length} removed.`);
}

function readOr(path: string): string | undefined {
  return existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : undefined;
}
