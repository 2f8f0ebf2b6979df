import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PORT_MIN = 20_000;
const PORT_MAX = 31_999;
const TRIES_MAX = 200;
/** A file for each port that a process was given, with its id: tests run beside each other, and an engine that is down listens on nothing. */
const TAKEN = join(tmpdir(), 'skerry-test-ports');
const given = new Set<number>();
process.once('exit', () => {
  for (const port of given) rmSync(join(TAKEN, String(port)), { force: true });
});

/**
 * So many loopback ports that nobody listens on, each given once, and to no other process that lives. They lie below the range from which
 * the system takes the ports of outgoing connections, so that none of those gets in the way between an engine's end
 * and its restart. Fails with a plain error when none is found.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries > TRIES_MAX)
      throw new TypeError(
        `Looked at ${TRIES_MAX} ports of ${PORT_MIN}-${PORT_MAX}, wanted ${count} free ones`,
      );
    const port = randomInt(PORT_MIN, PORT_MAX + 1);
    if (given.has(port) || !(await isFree(port)) || !take(port)) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}

/** Notes that this process has a port; false when another one that lives has it. */
function take(port: number): boolean {
  const path = join(TAKEN, String(port));
  mkdirSync(TAKEN, { recursive: true });
  if (note(path)) return true;
  const owner = readOr(path);
  // nothing stands in it while it is being written
  if (owner === '' || isAlive(Number(owner))) return false;
  rmSync(path, { force: true });
  return note(path);
}

function note(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    throw cause;
  }
}

/** What stands in a file; empty when it has just gone. */
function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function isAlive(pid: number): boolean {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return cause instanceof Error && 'code' in cause && cause.code === 'EPERM';
  }
}

/** Whether a loopback port can be listened on. */
export async function isFree(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const server = createServer();
  server.once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  return await promise;
}

/** Whether somebody accepts connections on a loopback port. */
export async function accepts(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ port, host: '127.0.0.1' });
  socket.once('error', () => resolve(false));
  socket.once('connect', () => resolve(true));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

/** Starts something on free ports; once more on others when it failed and another process has taken one of them. */
export async function onFreePorts<T>(
  count: number,
  start: (ports: readonly number[]) => Promise<T>,
): Promise<T> {
  const ports = await freePorts(count);
  try {
    return await start(ports);
  } catch (cause) {
    const free = await Promise.all(ports.map(isFree));
    if (!free.includes(false)) throw cause;
    return await start(await freePorts(count));
  }
}
