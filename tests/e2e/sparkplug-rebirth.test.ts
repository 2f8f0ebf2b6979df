// Sparkplug edge nodes at the embedded broker: births that are missing are asked for, gaps are told, deaths end devices.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from './condition.ts';
import { asksForBirths, nodeBirth, nodeData, nodeDeath } from './sparkplug-node.ts';
import { WireClient } from './wire-client.ts';

const TEMPLATE = 'spBv1.0/{groupId}/{messageType}/{edgeNodeId}/{deviceId?}{tenantId=acme}{projectId=plant}';
const folder = memoryFolder('rebirth');
let server: ServerProcess;

before(async () => {
  const env = { SKERRY_ROUTING_TELEMETRY: TEMPLATE };
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store'), env });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** An edge node that hears its commands. */
async function anEdgeNode(name: string): Promise<WireClient> {
  const client = await WireClient.join(server.mqttPort, `edge-${name}`);
  const topic = { qos: 1, isNoLocal: false, isRetainAsPublished: false, retainHandling: 0 } as const;
  client.send({
    type: 'subscribe',
    packetId: 9_000,
    topics: [{ filter: `spBv1.0/g/NCMD/${name}`, ...topic }],
  });
  await client.first('suback');
  return client;
}

test('a gap in the numbers of an edge node asks it for its births once, is told, and ends with them', async () => {
  using node = await anEdgeNode('e');
  await node.accepted('spBv1.0/g/NBIRTH/e', nodeBirth(0, 20));
  await node.accepted('spBv1.0/g/NDATA/e', nodeData(1, 21));
  await server.quiet();
  assert.deepEqual(node.all('publish'), []);
  await node.accepted('spBv1.0/g/NDATA/e', nodeData(3, 23)); // 2 is missing
  const command = await node.first('publish');
  assert.deepEqual([command.topic, command.qos, command.isRetain], ['spBv1.0/g/NCMD/e', 0, false]);
  assert.ok(asksForBirths(command.payload));
  for (let seq = 4; seq < 40; seq++) await node.accepted('spBv1.0/g/NDATA/e', nodeData(seq, seq));
  await server.quiet();
  assert.equal(node.all('publish').length, 1, 'it is asked again at once');
  const gaps = (await server.get('/api/v1/gaps?tenant=acme&project=plant')) as { items: { from: number }[] };
  assert.deepEqual(
    gaps.items.map(({ from }) => from),
    [2],
  );
  const asked = await until('the metric', async () => {
    const text = await (await fetch(`http://127.0.0.1:${server.httpPort}/metrics`)).text();
    return /iot_sparkplug_rebirths_total\{outcome="asked"\} (\d+)/.exec(text)?.[1];
  });
  assert.equal(asked, '1');
});

test('numbers of a node that nobody has seen born ask for births, and a death ends its devices', async () => {
  using node = await anEdgeNode('late');
  await node.accepted('spBv1.0/g/NDATA/late', nodeData(7, 1));
  assert.ok(asksForBirths((await node.first('publish')).payload));
  await node.accepted('spBv1.0/g/NBIRTH/late', nodeBirth(1, 2));
  const state = async () => {
    await server.quiet();
    const told = await server.get('/api/v1/devices/acme/plant/g:late/connectivity');
    return (told as { now: { state: string } }).now.state;
  };
  assert.equal(await state(), 'connected');
  await node.accepted('spBv1.0/g/NDEATH/late', nodeDeath(1));
  assert.equal(await state(), 'disconnected');
});
