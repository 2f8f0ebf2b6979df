import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { WireClient } from './wire-client.ts';

const folder = memoryFolder('connectivity');
const dataDir = join(folder.path, 'store');
let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start({ dataDir });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

interface Told {
  readonly now: { readonly state: string; readonly since: string | null };
  readonly events: readonly {
    readonly kind: string;
    readonly reason: string;
    readonly client: string;
    readonly user: string;
  }[];
}

async function told(): Promise<Told> {
  await server.quiet();
  return (await server.get('/api/v1/devices/acme/plant/pump/connectivity')) as Told;
}

const brief = ({ events }: Told) => events.map(({ kind, reason }) => `${kind} ${reason}`);

test('connectivity tells goodbye, a crash of the server and a restart in order', async () => {
  {
    using client = await WireClient.join(server.mqttPort, 'pump-client');
    client.publish('iot/acme/plant/pump/telemetry', '{"flow":1}');
    await client.answered();
    const { now, events } = await told();
    assert.equal(now.state, 'connected');
    assert.deepEqual(
      events.map(({ client: id, user }) => [id, user]),
      [['pump-client', 'anonymous']],
    );
    client.send({ type: 'disconnect', reason: 0 });
    await client.closed();
  }
  assert.deepEqual(brief(await told()), ['connected connect', 'disconnected client-disconnect']);
  using lost = await WireClient.join(server.mqttPort, 'pump-client');
  lost.publish('iot/acme/plant/pump/telemetry', '{"flow":2}');
  await lost.answered();
  assert.equal((await told()).now.state, 'connected');
  await server.kill();
  server = await ServerProcess.start({ dataDir });
  const after = await told();
  assert.equal(after.now.state, 'disconnected');
  assert.deepEqual(brief(after), [
    'connected connect',
    'disconnected client-disconnect',
    'connected connect',
    'disconnected server-restart',
  ]);
  await server[Symbol.asyncDispose]();
  server = await ServerProcess.start({ dataDir });
  assert.deepEqual(brief(await told()), brief(after));
});
