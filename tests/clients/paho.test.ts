import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { assertAuditClean, pointsOf } from '../e2e/proof.ts';
import { ClientProcess } from './client-process.ts';

/** What `paho-scenario.py` tells of one protocol version. */
interface Seen {
  readonly granted: number;
  readonly wildcards: readonly { topic: string; text: string; qos: number }[];
  readonly retained: { text: string; retain: boolean };
  readonly will: { topic: string; text: string };
  readonly takeover: number;
  readonly kept_alive: boolean;
}

const SCENARIO = fileURLToPath(new URL('./paho-scenario.py', import.meta.url));
const folder = memoryFolder('paho');
let server: ServerProcess;
let seen: Record<string, Seen>;

before(async () => {
  const env = { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' };
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store'), env });
  const python = process.env.SKERRY_TEST_PYTHON ?? 'python3';
  await using client = new ClientProcess(python, [SCENARIO, String(server.mqttPort)]);
  assert.equal(await client.ends(), 0, client.text);
  seen = JSON.parse(String(client.lines('SEEN')[0]));
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

for (const [name, level] of [
  ['v4', 4],
  ['v5', 5],
] as const) {
  test(`paho ${name}: telemetry of every QoS is read back over the API, in order`, async () => {
    await server.quiet();
    const points = await pointsOf(server, { tenant: 'paho', project: name, device: 'pump', metric: 'n' });
    assert.deepEqual(
      points.map((point) => point.value),
      Array.from({ length: 90 }, (_, i) => i),
    );
    for (const device of ['after', 'alive'])
      assert.equal(
        (await pointsOf(server, { tenant: 'paho', project: name, device, metric: 'v' })).length,
        1,
      );
  });

  test(`paho ${name}: wildcards, retained message, will, takeover and keep-alive are as the specification says`, () => {
    const found = seen[name];
    assert.ok(found);
    assert.equal(found.granted, 1, 'messages go out at QoS 1 at most');
    assert.deepEqual(
      found.wildcards.map(({ topic, text }) => `${topic} ${text}`),
      [
        `paho/${name}/a/x zero`,
        `paho/${name}/b/x/y one`,
        ...(level === 4 ? [`paho/${name}/c/x/y/z two`] : []),
      ],
    );
    assert.deepEqual([found.retained.text, found.retained.retain], ['kept', true]);
    assert.deepEqual([found.will.topic, found.will.text], [`paho/${name}/will`, 'gone']);
    // Paho 1.6 leaves a DISCONNECT of one byte unread and tells the lost connection (7) that follows
    assert.ok((level === 5 ? [0x8e, 7] : [1, 7]).includes(found.takeover), `reason ${found.takeover}`);
    assert.equal(found.kept_alive, true);
  });
}

test('paho: the ledger balances after all of it, and the audit is clean', async () => {
  assert.equal((await server.quiet()).isBalanced, true);
  await assertAuditClean(server);
});
