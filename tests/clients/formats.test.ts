import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { connectAsync } from 'mqtt';
import { assertAuditClean, lettersOf } from '../e2e/proof.ts';

/** What other encoders wrote: cbor2 6.3.0 and sparkplug-payload 1.0.3. */
const CBOR = 'oWR0ZW1w+0A1AAAAAAAA';
const DEVICE_BIRTH = 'CMzY6ra3MxITCgR0ZW1wEGQgCmkAAAAAAIA0QBINCgVjb3VudBBlIAdYARgC';
const DEVICE_DATA = 'CLDZ6ra3MxINEGQgCmkAAAAAAEA1QBIGEGUgB1gCGAM=';

const ENV = {
  SKERRY_ROUTING_TELEMETRY:
    'iot/{tenantId}/{projectId}/{deviceId}/telemetry,spBv1.0/{groupId}/{messageType}/{edgeNodeId}/{deviceId?}{tenantId=acme}{projectId=plant}',
};

test('payloads of other formats and compressed ones come in over MQTT 5, and Sparkplug goes on behind a kill', async () => {
  using folder = memoryFolder('formats');
  const dataDir = join(folder.path, 'store');
  {
    await using server = await ServerProcess.start({ dataDir, env: ENV });
    await publish(server, 'iot/t/p/c/telemetry', Buffer.from(CBOR, 'base64'), {
      contentType: 'application/cbor',
    });
    const packed = gzipSync('{"temp":22}');
    const userProperties = { 'content-encoding': 'gzip' };
    await publish(server, 'iot/t/p/z/telemetry', packed, { userProperties });
    await publish(server, 'iot/t/p/broken/telemetry', packed.subarray(0, 12), { userProperties });
    await publish(server, 'spBv1.0/g/DBIRTH/e/d', Buffer.from(DEVICE_BIRTH, 'base64'), {});
    await server.quiet();
    await server.kill();
  }
  await using server = await ServerProcess.start({ dataDir, env: ENV });
  await publish(server, 'spBv1.0/g/DDATA/e/d', Buffer.from(DEVICE_DATA, 'base64'), {});
  await server.quiet();
  assert.deepEqual(await latestOf(server, 't/p/c'), { temp: 21 });
  assert.deepEqual(await latestOf(server, 't/p/z'), { temp: 22 });
  assert.deepEqual(await latestOf(server, 'acme/plant/g:e:d'), { temp: 21.25, count: 2 });
  const letters = await lettersOf(server);
  assert.deepEqual(
    letters.map(({ reason }) => reason),
    ['undecodable'],
  );
  await assertAuditClean(server);
});

async function publish(
  server: ServerProcess,
  topic: string,
  payload: Buffer,
  properties: { readonly contentType?: string; readonly userProperties?: Record<string, string> },
): Promise<void> {
  const client = await connectAsync(`mqtt://127.0.0.1:${server.mqttPort}`, { protocolVersion: 5 });
  await client.publishAsync(topic, payload, { qos: 1, properties });
  await client.endAsync();
}

async function latestOf(server: ServerProcess, device: string): Promise<Record<string, unknown>> {
  const path = device.split('/').map(encodeURIComponent).join('/');
  const { items } = (await server.get(`/api/v1/devices/${path}/latest`)) as {
    readonly items: readonly { readonly metric: string; readonly value: unknown }[];
  };
  return Object.fromEntries(items.map(({ metric, value }) => [metric, value]));
}
