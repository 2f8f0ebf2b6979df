import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { accountsOf, assertAuditClean, lettersOf, pointsOf } from './proof.ts';
import { skerry } from './skerry-line.ts';
import { WireClient } from './wire-client.ts';

const FLOW = { tenant: 'acme', project: 'plant', device: 'pump', metric: 'flow' };

test('up --read-only shows what is stored, refuses publications and changes at once, and a start without it goes on', async () => {
  using folder = memoryFolder('read-only');
  const dataDir = join(folder.path, 'store');
  {
    await using server = await ServerProcess.start({ dataDir });
    using client = await WireClient.join(server.mqttPort, 'sender');
    client.publish('iot/acme/plant/pump/telemetry', '{"flow":1.5}');
    client.publish('iot/acme/plant/pump/telemetry', '{"flow":}');
    await client.answered();
    await server.quiet();
  }
  {
    await using server = await ServerProcess.start({ dataDir, words: ['--read-only'], isUnready: true });
    assert.equal((await accountsOf(server)).stored, 1);
    const [letter] = await lettersOf(server);
    assert.ok(letter);
    const refused = await skerry(`dlq discard ${letter.offset}`, { dataDir });
    assert.notEqual(refused.code, 0);
    assert.match(refused.err, /nothing is taken in.*\[unavailable\]/s);
    const doctor = await skerry('doctor', { dataDir });
    assert.match(doctor.out, /ready +(fault|warning).*nothing is taken in/);
  }
  await using server = await ServerProcess.start({ dataDir });
  using client = await WireClient.join(server.mqttPort, 'sender');
  client.publish('iot/acme/plant/pump/telemetry', '{"flow":2.5}');
  await client.answered();
  await server.quiet();
  assert.equal((await pointsOf(server, FLOW)).length, 2);
  assert.equal((await lettersOf(server))[0]?.state, 'open');
  await assertAuditClean(server);
});
