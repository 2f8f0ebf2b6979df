import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import mqtt from 'mqtt';
import { atExit } from '../frame/exit-hook.ts';
import type { Broker } from '../frame/load.ts';
import { mosquittoPath } from '../frame/machine.ts';

/** Why mosquitto cannot run here; undefined when it can. */
export function whyNoMosquitto(): string | undefined {
  return mosquittoPath() === undefined ? 'not installed (Debian: apt-get install mosquitto)' : undefined;
}

/**
 * mosquitto with persistence on, saving every 5 s, and one absent subscriber with a durable session, so that it has to
 * keep every message. It acknowledges when a message is in memory.
 */
export async function startMosquitto(folder: string): Promise<Broker> {
  const port = await freePort();
  const file = join(folder, 'mosquitto.conf');
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence true',
    `persistence_location ${folder}/`,
    'autosave_interval 5',
    'max_queued_messages 0',
    'max_inflight_messages 0',
    'set_tcp_nodelay true',
    'log_type error',
    'user root',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  // stderr holds a warning about the user only; what is wrong shows in the exit code
  const child = spawn(String(mosquittoPath()), ['-c', file], { stdio: 'ignore' });
  const hook = atExit(() => child.kill('SIGKILL'));
  const broker = {
    port,
    pid: Number(child.pid),
    async [Symbol.asyncDispose]() {
      hook[Symbol.dispose]();
      if (child.exitCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new TypeError(`mosquitto ended with ${child.exitCode}.`);
    await pause(10);
  }
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { clientId: 'absent', clean: false });
  await client.subscribeAsync('mtic/#', { qos: 1 });
  await client.endAsync();
  return broker;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' ? Number(address?.port) : 0;
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  const { promise, resolve } = Promise.withResolvers<boolean>();
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  const answer = await promise;
  socket.destroy();
  return answer;
}
