import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { connect, createServer } from 'node:net';

const PORT_MIN = 20_000;
const PORT_MAX = 31_999;
const TRIES_MAX = 200;

/**
 * So many loopback ports that nobody listens on, each given once, and to no other process that lives. They lie below the range from which
 * the system takes the ports of outgoing connections, so that none of those gets in the way between an engine's end
 * and its restart. `pick` says which is looked at next. Fails with a plain error when none is found.
 */
export async function freePorts(
  count: number,
  pick = () => randomInt(PORT_MIN, PORT_MAX + 1),
): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries += 1) {
    if (tries > TRIES_MAX)
      throw new TypeError(
        `Looked at ${TRIES_MAX} ports of ${PORT_MIN}-${PORT_MAX}, wanted ${count} free ones`,
      );
    const port = pick();
    const hold = await holdPort(port);
    if (!hold) continue;
    if (await isFree(port)) ports.push(port);
    else hold.close();
  }
  return ports;
}

/**
 * Takes a port for this process: an engine that is down listens on nothing, so that what says whose a port is cannot be the
 * engine. It is the UDP port of that number, which the system gives to one, and takes back when the process ends, however
 * it ends. Undefined when somebody has it.
 */
export async function holdPort(port: number): Promise<Socket | undefined> {
  const { promise, resolve } = Promise.withResolvers<Socket | undefined>();
  const socket = createSocket('udp4');
  socket.once('error', () => {
    socket.close();
    resolve(undefined);
  });
  socket.bind({ port, address: '127.0.0.1' }, () => resolve(socket.unref()));
  return await promise;
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
