import { setTimeout as pause } from 'node:timers/promises';
import { Generator } from '@skerry/testkit';
import { generatorOptions } from './load.ts';
import type { Skerry } from './skerry.ts';

/** What the generator names its devices in: `load` and `run`. */
export const FILLED = { tenant: 'load', project: 'run' };

const LOOK_MS = 250;
const GIVE_UP_MS = 600_000;

/**
 * Makes so many devices known, each with a metric of its own, over MQTT; then they go on at `rate` messages a second in
 * all until it is disposed. Fails with a plain error when they are not known in ten minutes.
 */
export async function fillDevices(skerry: Skerry, devices: number, rate: number): Promise<Generator> {
  const load = { connections: 100, window: 100, devices, metrics: 1, rate: 0 };
  await using stack = new AsyncDisposableStack();
  const generator = stack.use(new Generator(generatorOptions(skerry.port, load)));
  await generator.wait('up');
  await generator.set({ isPaused: false });
  const deadline = performance.now() + GIVE_UP_MS;
  for (;;) {
    const { total } = (await ask(skerry, '/api/v1/devices?limit=1')) as { readonly total: number }; // as the API's document says
    if (total >= devices) break;
    if (performance.now() > deadline)
      throw new TypeError(`${total} devices are known, ${devices} were sent.`);
    await pause(LOOK_MS);
  }
  await generator.set({ isPaused: true });
  await generator.wait('answered');
  await skerry.server.quiet(GIVE_UP_MS);
  await generator.set({ rate, isPaused: false });
  stack.move();
  return generator;
}

/** A GET with the token of the data folder. Fails with a plain error unless it answers 200. */
export async function ask({ server }: Skerry, path: string): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${server.httpPort}${path}`, {
    headers: { authorization: `Bearer ${server.token}` },
  });
  const text = await response.text();
  if (response.status !== 200) throw new TypeError(`GET ${path} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}
