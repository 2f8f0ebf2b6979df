// One side of the case `subscribe` in a process of its own: `subscribe-run.ts SIDE SECS`. Prints its figures as JSON.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { createMeter } from '@skerry/kernel';
import { nodeClock, nodeNet, nodeRandom } from '@skerry/kernel/node';
import { openSubscriber, type Subscriber } from '@skerry/mqtt';
import mqtt from 'mqtt';

const WINDOW = 4_096;
const SOURCE = new URL('./subscribe-source.ts', import.meta.url);

/** What every side delivers is counted, with its bytes. */
interface Tally {
  messages: number;
  bytes: number;
}

type Side = (port: number, tally: Tally) => Promise<unknown>;

const SIDES: Readonly<Record<string, Side>> = { skerry, 'mqtt.js': mqttJs };

await run(String(process.argv[2]), Number(process.argv[3]));

async function run(name: string, secs: number): Promise<void> {
  const side = SIDES[name];
  if (!side) throw new TypeError(`There is no side ${name}.`);
  const source = spawn(process.execPath, [SOURCE.pathname], { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => source.kill('SIGKILL'));
  const [line] = await once(source.stdout.setEncoding('utf8'), 'data');
  const tally = { messages: 0, bytes: 0 };
  await side(Number(line), tally);
  await pause(1_000); // warm
  const before = { ...tally };
  const [startedMs, cpuBefore] = [performance.now(), process.cpuUsage()];
  await pause(secs * 1_000);
  const ms = performance.now() - startedMs;
  const cpu = process.cpuUsage(cpuBefore);
  const messages = tally.messages - before.messages;
  const figures = {
    perSec: (messages / ms) * 1_000,
    cpuSecsPerMillion: (cpu.user + cpu.system) / messages,
    bytesPerMessage: (tally.bytes - before.bytes) / messages,
    rssMb: process.memoryUsage.rss() / 2 ** 20,
  };
  process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
}

/** Acknowledged when the turn ends, as if a batch had become durable then. */
async function skerry(port: number, tally: Tally): Promise<void> {
  let subscriber: Subscriber | undefined;
  let owed = 0;
  const confirm = (): void => {
    const count = owed;
    owed = 0;
    subscriber?.acknowledge(count);
  };
  const consumer = {
    take: ({ topic, payload }: { readonly topic: Uint8Array; readonly payload: Uint8Array }) => {
      tally.messages++;
      tally.bytes += topic.byteLength + payload.byteLength;
      if (owed++ === 0) setImmediate(confirm);
    },
    refusal: () => undefined,
  };
  const address = { host: '127.0.0.1', port };
  const net = nodeNet();
  const needs = { dial: (signal: AbortSignal) => net.connect(address, signal), consumer };
  subscriber = await openSubscriber(
    { name: 'bench', clientId: 'bench', filters: [{ filter: '#' }], receiveMaximum: WINDOW },
    { ...needs, clock: nodeClock(), random: nodeRandom(), meter: createMeter() },
  );
  await subscriber.subscribed();
}

/** It acknowledges when the listener of a message has returned. */
async function mqttJs(port: number, tally: Tally): Promise<void> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
    protocolVersion: 5,
    clientId: 'bench',
    clean: false,
    properties: { receiveMaximum: WINDOW, sessionExpiryInterval: 3_600 },
  });
  client.on('message', (topic, payload) => {
    tally.messages++;
    tally.bytes += topic.length + payload.byteLength;
  });
  await client.subscribeAsync('#', { qos: 1 });
}
