// Sparkplug over roles: a gap that a writer finds asks the edge node for its births, through the gateway, at the real broker.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { asksForBirths, nodeBirth, nodeData } from '../../e2e/sparkplug-node.ts';
import { WireClient } from '../../e2e/wire-client.ts';
import { Site } from './site.ts';

let site: Site;

before(async () => {
  site = await Site.start({
    source: { topics: ['spBv1.0/#'] },
    routing: {
      telemetry: ['spBv1.0/{groupId}/{messageType}/{edgeNodeId}/{deviceId?}{tenantId=acme}{projectId=plant}'],
    },
  });
});

after(() => site?.[Symbol.asyncDispose]());

test('a gap in the numbers of an edge node behind mosquitto: it hears NCMD Rebirth, and the gap is in the ledger', async () => {
  using node = await WireClient.join(site.mosquitto.port, 'edge');
  const topic = { qos: 0, isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 } as const;
  node.send({ type: 'subscribe', packetId: 9_000, topics: [{ filter: 'spBv1.0/g/NCMD/e', ...topic }] });
  await node.first('suback');
  await node.accepted('spBv1.0/g/NBIRTH/e', nodeBirth(0, 20));
  await node.accepted('spBv1.0/g/NDATA/e', nodeData(1, 21));
  await site.answers(`SELECT count(*) FROM telemetry WHERE metric = 'temp'`, '2');
  await node.accepted('spBv1.0/g/NDATA/e', nodeData(3, 23)); // 2 is missing
  const command = await node.first('publish');
  assert.deepEqual([command.topic, command.qos], ['spBv1.0/g/NCMD/e', 0]);
  assert.ok(asksForBirths(command.payload));
  const gaps = `SELECT count(*) FROM gaps g JOIN devices d ON d.id = g.device WHERE d.device = 'g:e' AND jsonb_array_length(g.body->'gaps') > 0`;
  await site.answers(
    `SELECT count(*) FROM gaps g JOIN devices d ON d.id = g.device WHERE d.device = 'g:e'`,
    '1',
  );
  assert.match(await site.sql(`SELECT body::text FROM gaps`), /2/, gaps);
  // it is not asked twice at once
  for (let seq = 4; seq < 20; seq++) await node.accepted('spBv1.0/g/NDATA/e', nodeData(seq, seq));
  await site.answers(`SELECT count(*) FROM telemetry WHERE metric = 'temp'`, '19');
  assert.equal(node.all('publish').length, 1);
});
