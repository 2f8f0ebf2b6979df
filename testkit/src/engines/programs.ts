import { execFile, spawn } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Path of a program that is on PATH or in a folder of the system's own programs; undefined when it is missing. */
export function findProgram(name: string): string | undefined {
  const folders = [...String(process.env.PATH).split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Path of a program; fails with a plain error that names the Debian package when it is missing. */
export function program(name: string, debianPackage: string): string {
  const path = findProgram(name);
  if (path === undefined)
    throw new TypeError(`${name} is missing here; Debian: apt-get install ${debianPackage}`);
  return path;
}

/** Programs that the page is looked at with, and their Debian packages: the one without windows takes half of the processor time. */
export const CHROMIUMS = ['chromium-headless-shell', 'chromium'] as const;

/** Path of the browser that the page is looked at with, which SKERRY_TEST_CHROMIUM may name; undefined when there is none. */
export function findChromium(): string | undefined {
  return process.env.SKERRY_TEST_CHROMIUM ?? CHROMIUMS.map(findProgram).find((path) => path !== undefined);
}

/** Folder of PostgreSQL's programs of the highest version that is installed; undefined when there is none. */
export function findPostgresFolder(): string | undefined {
  const version = (path: string): number => Number(path.split('/').at(-2));
  return globSync('/usr/lib/postgresql/*/bin')
    .filter((path) => existsSync(join(path, 'postgres')))
    .sort((a, b) => version(b) - version(a))[0];
}

/** Whether a program, run to its end, says that all is well. */
export async function endsWell(command: string, words: readonly string[]): Promise<boolean> {
  const child = spawn(command, words, { stdio: 'ignore' });
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  child.once('exit', (code) => resolve(code === 0));
  child.once('error', reject);
  return await promise;
}

/** What a program that has to end well is run with. */
export interface ToolRun {
  readonly runAs?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program to its end and gives its stdout. Fails with a plain error that holds its stderr. */
export async function runTool(
  command: string,
  words: readonly string[],
  { runAs, env }: ToolRun = {},
): Promise<string> {
  const user = runAs === undefined ? [] : [`--reuid=${runAs}`, `--regid=${runAs}`, '--clear-groups'];
  try {
    const { stdout } = await run('setpriv', ['--pdeathsig', 'KILL', ...user, '--', command, ...words], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, LC_ALL: 'C.UTF-8', TZ: 'UTC', ...env },
      maxBuffer: 64 * 2 ** 20,
    });
    return stdout;
  } catch (cause) {
    const words =
      cause instanceof Error && 'stderr' in cause ? `${cause.message}\n${cause.stderr}` : String(cause);
    throw new TypeError(`Running ${command} failed: ${words}`, { cause });
  }
}
