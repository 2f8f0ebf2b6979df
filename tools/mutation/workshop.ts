import { spawn } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { ROOT } from '../packages.ts';
import { type Mutant, mutated } from './mutants.ts';

/** How one test file ended. */
export interface TestRun {
  readonly end: 'passed' | 'failed' | 'timed out';
  readonly secs: number;
  /** The end of what it wrote. */
  readonly said: string;
}

const LEFT_OUT = new Set(['node_modules', '.git', 'test-results', 'dist', 'results']);
const HEAP_MEBIBYTES = 1_024;
const SAID_CHARS_MAX = 4_000;

/** A copy of the tree in a temporary folder of its own, in which files are changed and tested; disposing removes it. */
export class Workshop implements Disposable {
  readonly #folder: string;
  readonly #tree: string;

  constructor() {
    this.#folder = mkdtempSync(join(tmpdir(), 'skerry-mutation-'));
    this.#tree = join(this.#folder, 'tree');
    cpSync(ROOT, this.#tree, {
      recursive: true,
      filter: (path) =>
        !relative(ROOT, path)
          .split(sep)
          .some((part) => LEFT_OUT.has(part)),
    });
    mkdirSync(join(this.#folder, 'tmp'));
    linkModules(join(this.#tree, 'node_modules'));
  }

  /** The folder that holds what the repository holds. */
  get tree(): string {
    return this.#tree;
  }

  /** A text of the copy. */
  read(path: string): string {
    return readFileSync(join(this.#tree, path), 'utf8');
  }

  /** Does something while one file is changed; the file is as before afterwards. */
  async withMutant<T>(mutant: Mutant, act: () => Promise<T>): Promise<T> {
    const place = join(this.#tree, mutant.path);
    const text = readFileSync(place, 'utf8');
    writeFileSync(place, mutated(text, mutant));
    try {
      return await act();
    } finally {
      writeFileSync(place, text);
    }
  }

  /** Runs a test file, and ends it after a time; fails with the reason of `stop` when that is aborted. */
  async runTest(test: string, mostSecs: number, stop: AbortSignal): Promise<TestRun> {
    const startedMs = performance.now();
    const deadline = AbortSignal.timeout(Math.ceil(mostSecs * 1_000));
    const { code, said } = await this.#runFile(test, AbortSignal.any([deadline, stop]));
    stop.throwIfAborted();
    const secs = (performance.now() - startedMs) / 1_000;
    if (code === 0) return { end: 'passed', secs, said };
    return { end: deadline.aborted ? 'timed out' : 'failed', secs, said };
  }

  async #runFile(test: string, stop: AbortSignal): Promise<{ code: number | null; said: string }> {
    // what tells of an outer test runner, or of a parent that this process answers to, is not for them
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MEBIBYTES}`, test], {
      cwd: this.#tree,
      detached: true, // a group of its own, to be ended with all that it started
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, TMPDIR: join(this.#folder, 'tmp') },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        said = (said + text).slice(-SAID_CHARS_MAX);
      });
    const kill = (): void => {
      if (child.pid !== undefined) endGroup(child.pid);
    };
    stop.addEventListener('abort', kill);
    try {
      return await new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', (code) => resolve({ code, said }));
        if (stop.aborted) kill();
      });
    } finally {
      stop.removeEventListener('abort', kill);
      kill(); // what a test has left running
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Links to what is installed; packages of the repository are those of the copy. */
function linkModules(folder: string): void {
  const installed = join(ROOT, 'node_modules');
  mkdirSync(join(folder, '@skerry'), { recursive: true });
  for (const name of readdirSync(installed))
    if (name !== '@skerry') symlinkSync(join(installed, name), join(folder, name));
  for (const name of readdirSync(join(installed, '@skerry')))
    symlinkSync(readlinkSync(join(installed, '@skerry', name)), join(folder, '@skerry', name));
}

function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ESRCH')) throw cause; // all are gone
  }
}
