import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CliError } from '../errors.ts';

/** What a running instance tells other processes of the same user: `run.json` in the data folder. */
export interface RunFile {
  /** Process id of the supervisor, or of the server when there is none. */
  readonly pid: number;
  /** Process id of the server. */
  readonly childPid: number;
  readonly version: string;
  readonly startedMicros: number;
  readonly http: { readonly host: string; readonly port: number };
  readonly mqtt: { readonly host: string; readonly port: number };
}

/** The data folder, held by this process until disposed. */
export interface HeldDataFolder extends AsyncDisposable {
  readonly path: string;
  /** Secret that lets this user write over the API; file `token`, mode 0600. */
  readonly token: string;
  /** Publishes the addresses in `run.json`. */
  announce(run: RunFile): void;
}

/**
 * Creates the folder where needed and holds it alone: an SQLite file opened with `locking_mode=exclusive` (the kernel
 * frees it when the process ends) and, on Linux, an abstract socket named by the folder's device and inode, which also
 * finds a second instance that reaches the folder by another path or after the file was replaced.
 * Fails with `data-folder-in-use` or `data-folder-unusable`.
 */
export async function holdDataFolder(path: string): Promise<HeldDataFolder> {
  prepareFolder(path);
  const socket = await bindSocket(path);
  let lock: DatabaseSync;
  try {
    lock = lockFile(path);
  } catch (cause) {
    socket?.close();
    throw cause;
  }
  const runPath = join(path, 'run.json');
  return {
    path,
    token: tokenOf(path),
    announce: (run) => {
      writeFileSync(`${runPath}.new`, `${JSON.stringify(run)}\n`, { mode: 0o600 });
      renameSync(`${runPath}.new`, runPath);
    },
    async [Symbol.asyncDispose]() {
      rmSync(runPath, { force: true });
      lock.close();
      socket?.close();
    },
  };
}

/** The addresses of the instance that runs on the folder, or undefined when there is none. */
export function readRunFile(path: string): RunFile | undefined {
  let run: RunFile;
  try {
    run = JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')) as RunFile; // written by `announce` in one rename
  } catch (cause) {
    if (isNotFound(cause)) return undefined;
    throw new CliError(
      'data-folder-unusable',
      `Reading ${join(path, 'run.json')} failed: ${String(cause)}.`,
      {},
      cause,
    );
  }
  return isAlive(run.childPid) ? run : undefined;
}

/** The token of the data folder; fails with `data-folder-unusable` when this user may not read it. */
export function readToken(path: string): string {
  try {
    return readFileSync(join(path, 'token'), 'utf8').trim();
  } catch (cause) {
    throw new CliError(
      'data-folder-unusable',
      `Reading the token in ${path} failed: ${String(cause)}.`,
      {},
      cause,
    );
  }
}

/** Creates the folder where needed and proves that it can be written. Fails with `data-folder-unusable`. */
export function prepareFolder(path: string): void {
  try {
    makeFolder(path);
    const probe = join(path, '.probe');
    writeFileSync(probe, 'x');
    rmSync(probe);
  } catch (cause) {
    throw new CliError(
      'data-folder-unusable',
      `Preparing the data folder ${path} failed: ${cause instanceof Error ? cause.message : String(cause)}. Wanted a folder this user may write; set dataDir or SKERRY_DATA_DIR to another.`,
      { path },
      cause,
    );
  }
}

/** Node's recursive mkdir never returns where the kernel answers ENOENT to a name below an existing folder (/proc). */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (cause) {
    if (!existsSync(path)) throw cause; // else another process made it in the meantime
  }
}

function lockFile(path: string): DatabaseSync {
  const file = join(path, 'instance.lock');
  const lock = new DatabaseSync(file);
  try {
    lock.exec(
      'PRAGMA locking_mode=exclusive; PRAGMA journal_mode=delete; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (at INTEGER); COMMIT;',
    );
    return lock;
  } catch (cause) {
    lock.close();
    if (String(cause).includes('locked')) throw inUse(path, cause);
    throw new CliError('data-folder-unusable', `Locking ${file} failed: ${String(cause)}.`, { path }, cause);
  }
}

async function bindSocket(path: string): Promise<Server | undefined> {
  if (process.platform !== 'linux') return undefined;
  const { dev, ino } = statSync(path, { bigint: true });
  const server = createServer((peer) => peer.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject('code' in cause && cause.code === 'EADDRINUSE' ? inUse(path, cause) : cause),
    );
    server.listen({ path: `\0skerry-${dev}-${ino}` }, resolve);
  });
  server.unref();
  return server;
}

function inUse(path: string, cause: unknown): CliError {
  const run = readRunFile(path);
  const who = run ? ` (process ${run.pid}, page http://${run.http.host}:${run.http.port}/)` : '';
  return new CliError(
    'data-folder-in-use',
    `Another instance works on the data folder ${path}${who}. Stop it first, or give this one its own folder with --data-dir.`,
    { path },
    cause,
  );
}

function tokenOf(path: string): string {
  const file = join(path, 'token');
  try {
    chmodSync(file, 0o600);
    return readFileSync(file, 'utf8').trim();
  } catch (cause) {
    if (!isNotFound(cause)) throw cause;
    const token = randomBytes(32).toString('base64url');
    writeFileSync(`${file}.new`, `${token}\n`, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
    return token;
  }
}

function isNotFound(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
}
