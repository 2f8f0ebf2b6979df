import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { KernelError } from '@skerry/kernel';
import { CliError } from '../errors.ts';
import { tightenRights } from './folder-rights.ts';

/** What a running instance tells other processes of the same user: `run.json` in the data folder. */
export interface RunFile {
  /** Process id of the supervisor, or of the server when there is none. */
  readonly pid: number;
  /** Process id of the server. */
  readonly childPid: number;
  readonly version: string;
  readonly startedMicros: number;
  readonly http: { readonly host: string; readonly port: number };
  /** Absent where no MQTT is taken. */
  readonly mqtt?: { readonly host: string; readonly port: number };
}

/** The data folder, held by this process until disposed. */
export interface HeldDataFolder extends AsyncDisposable {
  readonly path: string;
  /** Secret that lets this user write over the API; file `token`, mode 0600. */
  readonly token: string;
  /** Publishes the addresses in `run.json`; where a full disk keeps it from that, stderr says so. */
  announce(run: RunFile): void;
}

/** Bytes of the token, so that nobody finds it by trying. */
const TOKEN_BYTES = 32;
/** Below this the journal's reserve is given back before a start. */
const START_BYTES_MIN = 4 * 2 ** 20; // opening takes 32 KiB of SQLite's shared memory per file of the store, of a hundred files

/**
 * Creates the folder where needed and holds it alone: an SQLite file locked by a transaction that never ends and writes
 * nothing (the kernel frees it when the process ends) and, on Linux, an abstract socket named by the folder's device
 * and inode, which also finds a second instance that reaches the folder by another path or after the file was replaced.
 * What others than this user may reach is closed to them, and said on stderr; what belongs to another user is refused.
 * A folder that was used before is held on a full disk too: the journal's reserve makes the room that a start takes.
 * Fails with `data-folder-in-use`, `data-folder-unusable`, or `disk-full` where a new folder finds no room.
 */
export async function holdDataFolder(
  path: string,
  tell: (line: string) => void = (line) => void process.stderr.write(`${line}\n`),
): Promise<HeldDataFolder> {
  const { hasRoom } = prepareFolder(path);
  tightenRights(path, tell);
  const socket = await bindSocket(path);
  let lock: DatabaseSync;
  try {
    lock = lockFile(path);
  } catch (cause) {
    socket?.close();
    throw cause;
  }
  if (!hasRoom || bytesFree(path) < START_BYTES_MIN)
    rmSync(join(path, 'journal', 'reserve'), { force: true }); // docs/formats/segment.md; taken on again by the journal
  return {
    path,
    token: tokenOf(path, tell),
    announce: (run) => writeRunFile(path, run),
    async [Symbol.asyncDispose]() {
      withdrawRunFile(path);
      lock.close();
      socket?.close();
    },
  };
}

/**
 * The addresses of the instance that runs on the folder, or undefined when there is none. An empty or torn `run.json`
 * is what a power cut left of an instance that has ended.
 */
export function readRunFile(path: string): RunFile | undefined {
  const file = join(path, 'run.json');
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    if (isNotFound(cause)) return undefined;
    throw new CliError('data-folder-unusable', `Reading ${file} failed: ${String(cause)}.`, {}, cause);
  }
  const run = runOf(text);
  return run && isAlive(run.childPid) ? run : undefined;
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

/**
 * Creates the folder where needed and proves that it can be written. A disk without room for a byte is no refusal:
 * `hasRoom` tells. Fails with `data-folder-unusable`, and with `disk-full` where the folder itself finds no room.
 */
export function prepareFolder(path: string): { readonly hasRoom: boolean } {
  try {
    makeFolder(path);
    return { hasRoom: probe(join(path, '.probe')) };
  } catch (cause) {
    if (isNoRoom(cause)) throw noRoomFor(path, cause);
    throw new CliError(
      'data-folder-unusable',
      `Preparing the data folder ${path} failed: ${cause instanceof Error ? cause.message : String(cause)}. Wanted a folder this user may write; set dataDir or SKERRY_DATA_DIR to another.`,
      { path },
      cause,
    );
  }
}

/** Whether a fault of a file call says that there is no room: the disk is full, or the user's quota is used up. */
export function isNoRoom(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && (cause.code === 'ENOSPC' || cause.code === 'EDQUOT');
}

/** Not final: the supervisor tries again until there is room. */
function noRoomFor(path: string, cause: unknown): KernelError {
  return new KernelError(
    'disk-full',
    `Making ${path} failed: the disk is full. Wanted room for a new data folder; it is tried again.`,
    { path },
    cause,
  );
}

function probe(file: string): boolean {
  try {
    writeFileSync(file, 'x');
    return true;
  } catch (cause) {
    if (isNoRoom(cause)) return false;
    throw cause;
  } finally {
    rmSync(file, { force: true });
  }
}

function bytesFree(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
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
    lock.exec('PRAGMA journal_mode=memory; BEGIN EXCLUSIVE');
    chmodSync(file, 0o600); // does not open the file, which would let the lock go
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

function tokenOf(path: string, tell: (line: string) => void): string {
  const file = join(path, 'token');
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (Buffer.from(token, 'base64url').length >= TOKEN_BYTES) return token;
    tell(
      `Made a new token: found one of fewer than ${TOKEN_BYTES} bytes in ${file}, which could be guessed.`,
    );
  } catch (cause) {
    if (!isNotFound(cause)) throw cause;
  }
  return makeToken(file);
}

function makeToken(file: string): string {
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  try {
    writeFileSync(`${file}.new`, `${token}\n`, { mode: 0o600, flush: true });
  } catch (full) {
    if (!isNoRoom(full)) throw full;
    rmSync(`${file}.new`, { force: true });
    throw noRoomFor(file, full);
  }
  renameSync(`${file}.new`, file);
  return token;
}

/** `run.json` by a rename of the synced file; where there is no room for a second file, over the one that is there. */
function writeRunFile(path: string, run: RunFile): void {
  const file = join(path, 'run.json');
  const text = JSON.stringify(run);
  try {
    try {
      writeOver(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    } catch (cause) {
      if (!isNoRoom(cause)) throw cause;
      rmSync(`${file}.new`, { force: true });
      writeOver(file, text);
    }
  } catch (cause) {
    if (!isNoRoom(cause)) throw cause;
    process.stderr.write(
      `Writing ${file} failed, the disk is full: other verbs do not find this instance before it is started again; it listens on http://${run.http.host}:${run.http.port}/${run.mqtt ? ` and mqtt://${run.mqtt.host}:${run.mqtt.port}` : ''}.\n`,
    );
  }
}

/** Takes the addresses back; the file stays under its other name, so that the next one has its place on a full disk. */
function withdrawRunFile(path: string): void {
  const file = join(path, 'run.json');
  if (existsSync(file)) renameSync(file, `${file}.new`);
}

/**
 * Writes one JSON object and a line end over a file without giving its blocks back first, and syncs it. What was longer
 * is covered with blanks inside the object, so that a reader meets the old text or the new one.
 */
function writeOver(file: string, text: string): void {
  const handle = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const blanks = Math.max(0, fstatSync(handle).size - text.length - 1);
    const bytes = Buffer.from(`${text.slice(0, -1)}${' '.repeat(blanks)}}\n`);
    for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at, bytes.length - at, at);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** What `announce` wrote, or undefined when it is not whole. */
function runOf(text: string): RunFile | undefined {
  if (!text.endsWith('}\n')) return undefined;
  try {
    return JSON.parse(text) as RunFile; // written by writeRunFile
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
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
