import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { accountsOf, assertAuditClean, lettersOf, pointsOf } from '../e2e/proof.ts';
import { sendTo, taken } from './http-sender.ts';

const NDJSON = 'application/x-ndjson';
const folder = memoryFolder('http-ingest');
const dataDir = join(folder.path, 'store');
let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start({ dataDir });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

async function valuesOf(device: string, metric: string): Promise<unknown[]> {
  const points = await pointsOf(server, { tenant: 't', project: 'http', device, metric });
  return points.map(({ value }) => value);
}

test('telemetry over HTTP is stored as sent: exact integers, arrays, bare values, lines, gzip', async () => {
  const before = await accountsOf(server);
  await taken(server, 't/http/d1', '{"big":9007199254740993,"on":true,"name":"x"}');
  await taken(server, 't/http/d1', '[{"speed":1,"ts":1767225600000},{"speed":2,"ts":1767225601000}]');
  await taken(server, 't/http/d2', '42');
  const lines = Array.from({ length: 500 }, (_, i) => `{"n":${i},"ts":${1_767_225_600_000 + i}}\n`).join('');
  const body = Uint8Array.from(gzipSync(lines));
  const answer = await taken(server, 't/http/d3', body, {
    'content-type': NDJSON,
    'content-encoding': 'gzip',
  });
  assert.equal(answer.records, 500);
  assert.equal(answer.lastOffset - answer.firstOffset, 499);
  await server.quiet();
  assert.deepEqual(await valuesOf('d1', 'big'), ['9007199254740993']);
  assert.deepEqual(await valuesOf('d1', 'speed'), [1, 2]);
  assert.deepEqual(await valuesOf('d2', 'value'), [42]);
  assert.deepEqual(
    await valuesOf('d3', 'n'),
    Array.from({ length: 500 }, (_, i) => i),
  );
  const after = await accountsOf(server);
  assert.equal(after.received - before.received, 503);
  assert.equal(after.stored - before.stored, 503);
});

test('SenML over HTTP is decoded by its media type: names of its records, base time and values of every kind', async () => {
  const pack = [
    { bn: 'boiler:', bt: 1_767_225_600, bu: 'Cel', n: 'inlet', v: 61.5 },
    { n: 'outlet', v: 70.25, t: 5 },
    { n: 'on', vb: true },
  ];
  await taken(server, 't/http/senml', JSON.stringify(pack), { 'content-type': 'application/senml+json' });
  await server.quiet();
  const outlet = { tenant: 't', project: 'http', device: 'senml', metric: 'outlet' };
  assert.deepEqual(await pointsOf(server, outlet), [{ time: '2026-01-01T00:00:05.000000Z', value: 70.25 }]);
  assert.deepEqual(await valuesOf('senml', 'on'), [true]);
});

test('CBOR, MessagePack and line protocol over HTTP are decoded by their media types, compressed or not', async () => {
  // {"t": 21.5, "on": true} by RFC 8949 and by the specification of MessagePack
  const cbor = Buffer.from('a26174f94d60626f6ef5', 'hex');
  const messagePack = Buffer.from('82a174cb4035800000000000a26f6ec3', 'hex');
  const lines = Buffer.from(
    'air,site=a t=21.5,on=true 1767225600000000000\nair,site=a t=22 1767225601000000000\n',
  );
  await taken(server, 't/http/cbor', Uint8Array.from(cbor), { 'content-type': 'application/cbor' });
  for (const type of ['application/msgpack', 'application/x-msgpack', 'application/vnd.msgpack'])
    await taken(server, 't/http/msgpack', Uint8Array.from(messagePack), { 'content-type': type });
  await taken(server, 't/http/lines', Uint8Array.from(gzipSync(lines)), {
    'content-type': 'application/vnd.influxdb.line-protocol',
    'content-encoding': 'gzip',
  });
  await taken(server, 't/http/bytes', Uint8Array.of(1, 2), { 'content-type': 'application/octet-stream' });
  await server.quiet();
  assert.deepEqual([await valuesOf('cbor', 't'), await valuesOf('cbor', 'on')], [[21.5], [true]]);
  assert.deepEqual(await valuesOf('msgpack', 't'), [21.5, 21.5, 21.5]);
  assert.deepEqual(await valuesOf('lines', 'air,site=a.t'), [21.5, 22]);
  const [letter] = (await lettersOf(server)).filter(({ device }) => device === 'bytes');
  assert.equal(letter?.reason, 'undecodable');
});

test('JSON that no decoder understands becomes a dead letter at the offset that was answered', async () => {
  const deep = `${'{"a":'.repeat(200)}1${'}'.repeat(200)}`;
  const answer = await taken(server, 't/http/odd', `${deep}\n{"v":1}\n${deep}\n`, { 'content-type': NDJSON });
  await server.quiet();
  const letters = (await lettersOf(server)).filter(({ device }) => device === 'odd');
  assert.deepEqual(
    letters.map(({ offset, topic, reason }) => [offset - answer.firstOffset, topic, reason]),
    [
      [0, '$skerry/telemetry/t/http/odd', 'undecodable'],
      [2, '$skerry/telemetry/t/http/odd', 'undecodable'],
    ],
  );
  assert.deepEqual(await valuesOf('odd', 'v'), [1]);
});

test('a payload cannot send for another device than the path names', async () => {
  await taken(server, 't/http/me', '{"deviceId":"somebody-else","v":7}');
  await server.quiet();
  assert.deepEqual(await valuesOf('me', 'v'), [7]);
  assert.deepEqual(await valuesOf('somebody-else', 'v'), []);
});

test('a request repeated under its key is stored once, over a restart too; another body under it is told', async () => {
  const headers = { 'content-type': NDJSON, 'idempotency-key': 'order-66' };
  const body = '{"v":1}\n{"v":2}\n{"v":3}\n';
  const before = await accountsOf(server);
  const first = await taken(server, 't/http/keyed', body, headers);
  assert.deepEqual(await taken(server, 't/http/keyed', body, headers), { ...first, isRepeated: true });
  assert.equal((await sendTo(server, 't/http/keyed', '{"v":4}\n', headers)).status, 422);
  await server.quiet();
  await server.kill();
  server = await ServerProcess.start({ dataDir });
  const again = await taken(server, 't/http/keyed', body, headers);
  assert.ok(!again.isRepeated && again.firstOffset > first.lastOffset, 'taken again, as new records');
  await server.quiet();
  assert.deepEqual(await valuesOf('keyed', 'v'), [1, 2, 3]);
  const after = await accountsOf(server);
  assert.equal(after.stored - before.stored, 3);
  assert.equal(after.deduplicated - before.deduplicated, 3);
});

test('nothing is taken without the token', async () => {
  const before = await accountsOf(server);
  const refused = await sendTo(server, 't/http/d9', '1', { authorization: 'Bearer wrong' });
  assert.ok([401, 403].includes(refused.status), String(refused.status));
  assert.equal((await accountsOf(server)).received, before.received);
});

test('a server that takes nothing in says so with the reason and when to come again', async () => {
  await server[Symbol.asyncDispose]();
  server = await ServerProcess.start({ dataDir, words: ['--read-only'], isUnready: true });
  const refused = await sendTo(server, 't/http/d1', '1');
  assert.equal(refused.status, 503);
  assert.ok(Number(refused.headers.get('retry-after')) >= 1);
  const { code, reason } = (await refused.json()) as { code: string; reason: string };
  assert.deepEqual([code, reason], ['intake-refused', 'read-only']);
  await server[Symbol.asyncDispose]();
  server = await ServerProcess.start({ dataDir });
});

test('the ledger balances after all of it, and the audit is clean', async () => {
  assert.equal((await server.quiet()).isBalanced, true);
  await assertAuditClean(server);
});
