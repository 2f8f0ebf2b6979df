import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseSync } from 'oxc-parser';

/** Texts of a package by path in the repository. */
export type Sources = ReadonlyMap<string, string>;

/** The sources under `packages/<name>/src` of a tree. */
export function sourcesOf(root: string, name: string): Sources {
  const paths = globSync(`packages/${name}/src/**/*.ts`, { cwd: root }).sort();
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

/**
 * The tests beside a file: `x.test.ts` first, then those that import it, by themselves or through files that only hold
 * tests together (`testing/`) or only hand on (`index.ts`). Where nothing imports it so, the tests that reach it in the
 * fewest steps. Empty when no test of the package reaches it.
 */
export function testsBeside(path: string, sources: Sources): string[] {
  const steps = stepsTo(path, sources);
  const tests = [...steps].filter(([found]) => found.endsWith('.test.ts'));
  const least = Math.min(...tests.map(([, count]) => count));
  const beside = path.replace(/\.ts$/, '.test.ts');
  const near = tests.filter(([found, count]) => count === least || found === beside).map(([found]) => found);
  return [...(sources.has(beside) ? [beside] : []), ...near.filter((found) => found !== beside).sort()];
}

/** Files that reach `path` by what they import when they run, with the fewest steps; a file that hands on is no step. */
function stepsTo(path: string, sources: Sources): Map<string, number> {
  const importers = importersOf(sources);
  const steps = new Map([[path, 0]]);
  const queue = [path];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const count = Number(steps.get(next)) + (next !== path && isPassage(next) ? 0 : 1);
    for (const importer of importers.get(next) ?? []) {
      if ((steps.get(importer) ?? Number.POSITIVE_INFINITY) <= count) continue;
      steps.set(importer, count);
      queue.push(importer);
    }
  }
  steps.delete(path);
  return steps;
}

function isPassage(path: string): boolean {
  return path.includes('/testing/') || path.endsWith('/index.ts');
}

function importersOf(sources: Sources): Map<string, string[]> {
  const importers = new Map<string, string[]>();
  for (const [path, text] of sources) {
    for (const target of targetsOf(path, text)) {
      const list = importers.get(target);
      if (list) list.push(path);
      else importers.set(target, [path]);
    }
  }
  return importers;
}

/** Files that a file imports when it runs, by relative paths. */
function targetsOf(path: string, text: string): Set<string> {
  const { staticImports, staticExports } = parseSync(path, text).module;
  const imported = staticImports
    .filter(({ entries }) => entries.length === 0 || entries.some((entry) => !entry.isType))
    .map(({ moduleRequest }) => moduleRequest.value);
  const exported = staticExports
    .flatMap(({ entries }) => entries.filter((entry) => !entry.isType))
    .flatMap(({ moduleRequest }) => (moduleRequest ? [moduleRequest.value] : []));
  const relative = [...imported, ...exported].filter((target) => target.startsWith('.'));
  return new Set(relative.map((target) => join(dirname(path), target)));
}
