import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest, Manifests } from './rules/imports.ts';
import { Source } from './source.ts';

/** The folder of the repository. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const PATTERNS = [
  'packages/*/src/**/*.{ts,tsx}',
  'packages/*/bin/*.mjs',
  '{testkit,tests,bench,tools}/**/*.{ts,tsx,mjs}',
];

/** Every source of the repository, parsed; generated code is left out. */
export function readSources(): Source[] {
  const paths = PATTERNS.flatMap((pattern) => globSync(pattern, { cwd: ROOT })).sort();
  return paths
    .filter((path) => !/(^|\/)(generated|node_modules|dist)\//.test(path) && !path.endsWith('.d.ts'))
    .map((path) => new Source(path, readFileSync(join(ROOT, path), 'utf8')));
}

/** A text of the repository; empty where there is none. */
export function readText(path: string): string {
  return existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : '';
}

/** Folders under \`packages\` that hold a package. */
export function packageRooms(): string[] {
  return readdirSync(join(ROOT, 'packages')).filter((room) =>
    existsSync(join(ROOT, 'packages', room, 'package.json')),
  );
}

/** What package.json of every room says, the root's under the empty name. */
export function readManifests(): Manifests {
  const rooms = packageRooms().map((room) => [room, `packages/${room}`] as const);
  const others = [
    ['testkit', 'testkit'],
    ['', '.'],
  ] as const;
  return new Map([...rooms, ...others].map(([room, folder]) => [room, readManifest(folder)]));
}

interface PackageJson {
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: object;
  readonly devDependencies?: object;
  readonly optionalDependencies?: object;
}

function readManifest(folder: string): Manifest {
  const text = readText(join(folder, 'package.json'));
  const json: PackageJson = text === '' ? {} : JSON.parse(text);
  return {
    exports: Object.keys(json.exports ?? {}),
    dependencies: Object.keys({
      ...json.dependencies,
      ...json.devDependencies,
      ...json.optionalDependencies,
    }),
  };
}
