// npm run generate [-- --check]: writes every generated file, or with --check fails when one is stale.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LimitTable } from '@skerry/kernel';
import { commandsPage, type PageVerb } from './commands-page.ts';
import { configurationPage, type LeafNames, type PageLeaf } from './configuration-page.ts';
import { dashboardFiles } from './dashboards.ts';
import { errorPages, faultsOf } from './error-pages.ts';
import { limitsPage } from './limits-page.ts';
import { metricsPage } from './metrics-page.ts';
import { loadFrom, packageNames, ROOT } from './packages.ts';

/** What the schema of the configuration exports. */
interface ConfigurationModule extends LeafNames {
  configLeaves(): readonly PageLeaf[];
}

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
  found.set('docs/METRICS.md', metricsPage());
  for (const [path, text] of dashboardFiles()) found.set(path, text);
  for (const [path, text] of errorPages(faults)) found.set(`${ERRORS}/${path}`, text);
  for (const [path, text] of await commandLinePages()) found.set(path, text);
  return found;
}

/** The pages of configuration and commands, from the tables of `packages/cli`; those that it has. */
async function commandLinePages(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const schema = (await loadFrom('cli', 'config/schema.ts')) as ConfigurationModule | undefined; // as that file exports them
  if (!schema) return found;
  found.set('docs/CONFIGURATION.md', configurationPage(schema.configLeaves(), schema));
  const verbs = (await loadFrom('cli', 'commands/verbs.ts'))?.VERBS as readonly PageVerb[] | undefined; // as that file exports it
  const help = (await loadFrom('cli', 'commands/help.ts')) as { exitCodeHelp(): string } | undefined; // as that file exports it
  if (!verbs || !help) return found;
  const flags = schema.configLeaves().map(({ path }) => schema.flagName(path));
  found.set('docs/COMMANDS.md', commandsPage(verbs, help.exitCodeHelp(), new Set([...flags, 'config'])));
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
