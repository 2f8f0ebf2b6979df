import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { PAYLOAD_TYPES } from '@skerry/model';
import { LIMITS } from '../../limits.ts';
import type { Model } from '../../schemas.ts';
import { openScene, problemIn, type Scene, TOKEN } from '../../testing/scene.ts';
import { faultsAgainst } from '../../testing/wire-schema.ts';

const PATH = '/api/v1/telemetry/t/p/d';
const NDJSON = 'application/x-ndjson';

function send(
  scene: Scene,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
  path = PATH,
): Promise<Response> {
  return fetch(scene.api.url + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
    body,
  });
}

async function takenIn(response: Response): Promise<Model<'TakenTelemetry'>> {
  assert.equal(response.status, 200, await response.clone().text());
  const answer = (await response.json()) as Model<'TakenTelemetry'>;
  assert.deepEqual(faultsAgainst('TakenTelemetry', answer), []);
  return answer;
}

function payloadsOf(scene: Scene): string[] {
  const bytes = scene.platform.incoming.flatMap(({ payloads }) => payloads);
  return bytes.map((payload) => Buffer.from(payload).toString());
}

test('sendTelemetry takes an object, an array and a bare value as one record each, bytes as they came', async () => {
  await using scene = await openScene();
  const bodies = ['{ "speed": 1.50 }', '[{"speed":2},{"speed":3}]', '42'];
  for (const [index, body] of bodies.entries()) {
    const answer = await takenIn(
      await send(scene, body, { 'content-type': 'application/json; charset=UTF-8' }),
    );
    assert.deepEqual(answer, { records: 1, firstOffset: index, lastOffset: index, isRepeated: false });
  }
  assert.deepEqual(payloadsOf(scene), bodies);
  const { client, contentType, tenant, project, device } = scene.platform.incoming[0] ?? {};
  assert.deepEqual([tenant, project, device, contentType], ['t', 'p', 'd', 'application/json']);
  assert.match(client ?? '', /^http:/);
});

test('sendTelemetry takes a record a line of NDJSON, blank lines and a missing last newline allowed', async () => {
  await using scene = await openScene();
  const answer = await takenIn(
    await send(scene, '{"a":1}\r\n\n  {"a":2} \n{"a":3}', { 'content-type': NDJSON }),
  );
  assert.deepEqual(answer, { records: 3, firstOffset: 0, lastOffset: 2, isRepeated: false });
  assert.deepEqual(payloadsOf(scene), ['{"a":1}', '{"a":2}', '{"a":3}']);
  assert.equal(scene.platform.incoming[0]?.contentType, 'application/json');
});

test('sendTelemetry hands the media type of SenML on', async () => {
  await using scene = await openScene();
  await takenIn(await send(scene, '[{"n":"t","v":1}]', { 'content-type': 'application/senml+json' }));
  assert.equal(scene.platform.incoming[0]?.contentType, 'application/senml+json');
});

test('sendTelemetry takes every type that a decoder knows, as one record of any bytes but none', async () => {
  await using scene = await openScene();
  const bytes = Uint8Array.of(0xa1, 0x00, 0xff, 0x0a);
  const types = PAYLOAD_TYPES.filter(
    (type) => !['auto', 'application/json', 'application/senml+json'].includes(type),
  );
  assert.equal(types.length, 4);
  for (const type of [...types, 'application/x-msgpack', 'application/vnd.msgpack']) {
    const { records } = await takenIn(await send(scene, bytes, { 'content-type': type }));
    assert.equal(records, 1);
    const { contentType, payloads } = scene.platform.incoming.at(-1) ?? {};
    assert.deepEqual([contentType, payloads?.map((one) => [...one])], [type, [[...bytes]]]);
    assert.equal((await send(scene, '', { 'content-type': type })).status, 400, `${type}, empty`);
  }
  const zipped = Uint8Array.from(gzipSync(bytes));
  await takenIn(
    await send(scene, zipped, { 'content-type': 'application/cbor', 'content-encoding': 'gzip' }),
  );
  assert.deepEqual(
    scene.platform.incoming.at(-1)?.payloads.map((one) => [...one]),
    [[...bytes]],
  );
});

test('sendTelemetry refuses what is not JSON with its line, and takes nothing of it', async () => {
  await using scene = await openScene();
  const answer = await send(scene, '{"a":1}\n{"a":\n\n\xff\n', { 'content-type': NDJSON });
  assert.equal(answer.status, 400);
  const problem = await problemIn(answer);
  assert.deepEqual(
    problem.errors?.map(({ in: part, pointer }) => [part, pointer]),
    [
      ['body', '#/1'],
      ['body', '#/3'],
    ],
  );
  assert.match(problem.detail, /line 2 is not JSON.*line 4 is not JSON.*nothing was taken/);
  for (const body of ['', '{', '{"a":1}{"a":2}', 'NaN', Uint8Array.of(0x22, 0xff, 0x22)]) {
    assert.equal((await send(scene, body)).status, 400, String(body));
  }
  assert.equal((await send(scene, '\n \n', { 'content-type': NDJSON })).status, 400);
  assert.deepEqual(scene.platform.incoming, []);
});

test('sendTelemetry inflates gzip and zstd, and refuses a broken or unknown compression', async () => {
  await using scene = await openScene();
  const body = '{"a":1}';
  await takenIn(await send(scene, Uint8Array.from(gzipSync(body)), { 'content-encoding': 'gzip' }));
  await takenIn(await send(scene, Uint8Array.from(zstdCompressSync(body)), { 'content-encoding': 'zstd' }));
  assert.deepEqual(payloadsOf(scene), [body, body]);
  const broken = await send(scene, Uint8Array.from(gzipSync(body).subarray(0, 20)), {
    'content-encoding': 'gzip',
  });
  assert.equal(broken.status, 400);
  assert.equal((await send(scene, body, { 'content-encoding': 'br' })).status, 415);
  assert.equal((await send(scene, body, { 'content-encoding': '' })).status, 415, 'it says nothing');
});

test('sendTelemetry refuses a body that grows beyond its limits, compressed or not, and gives its room back', async () => {
  await using scene = await openScene();
  const bomb = Uint8Array.from(gzipSync(Buffer.alloc(LIMITS.intakeInflatedBytesMax.value + 1, 0x20)));
  assert.ok(bomb.length < 100_000);
  const refused = await send(scene, bomb, { 'content-encoding': 'gzip' });
  assert.equal(refused.status, 413);
  assert.equal((await problemIn(refused)).code, 'body-too-large');
  const large = `"${'x'.repeat(LIMITS.intakeRecordBytesMax.value)}"`;
  assert.equal((await send(scene, large)).status, 413);
  const line = await send(scene, `1\n${large}\n`, { 'content-type': NDJSON });
  assert.match((await problemIn(line)).detail, /^line 2 has 1048578 bytes/);
  const many = '1\n'.repeat(LIMITS.intakeRecordsMax.value + 1);
  assert.equal((await send(scene, many, { 'content-type': NDJSON })).status, 413);
  assert.deepEqual(scene.platform.incoming, []);
  assert.equal(scene.meter.gauge('iot_api_intake_bytes', '').value, 0);
});

test('sendTelemetry refuses other media types and ids that no topic can hold', async () => {
  await using scene = await openScene();
  for (const type of ['text/plain', 'application/json; charset=latin1', 'application/xml']) {
    const answer = await send(scene, '1', { 'content-type': type });
    assert.equal(answer.status, 415, type);
    const { code, detail } = await problemIn(answer);
    assert.equal(code, 'unsupported-media-type');
    for (const one of PAYLOAD_TYPES.slice(1)) assert.ok(detail?.includes(one), `${detail} names ${one}`);
  }
  for (const device of ['a%2Fb', 'a%2B', '%23', 'a%00', 'a%0A', 'x'.repeat(129)]) {
    const answer = await send(scene, '1', {}, `/api/v1/telemetry/t/p/${device}`);
    assert.equal(answer.status, 400, device);
    assert.equal((await problemIn(answer)).errors?.[0]?.pointer, '#/deviceId');
  }
  assert.deepEqual(scene.platform.incoming, []);
});

/** The status of an empty object that is sent to a path as it stands: `fetch` would take dots out of it. */
function sendAsIs(scene: Scene, path: string): Promise<number | undefined> {
  const { hostname, port } = new URL(scene.api.url);
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, method: 'POST', headers }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode));
    });
    asked.once('error', reject).end('{"speed":1}');
  });
}

test('sendTelemetry refuses . and .. as ids, which no client could ask for', async () => {
  await using scene = await openScene();
  for (const path of ['t/p/%2E%2E', 't/%2e%2E/d', '%2E/p/d', 't/p/.', 't/../d'])
    assert.equal(await sendAsIs(scene, `/api/v1/telemetry/${path}`), 400, path);
  assert.deepEqual(scene.platform.incoming, []);
  assert.equal(await sendAsIs(scene, '/api/v1/telemetry/t/p/...'), 200);
});

test('sendTelemetry says why nothing is taken in, and when to come again', async () => {
  await using scene = await openScene();
  scene.platform.refusal = { code: 'disk-full', detail: 'the disk is full' };
  const answer = await send(scene, '1');
  assert.equal(answer.status, 503);
  assert.ok(Number(answer.headers.get('retry-after')) >= 1);
  const problem = await problemIn(answer);
  assert.deepEqual([problem.code, problem.reason], ['intake-refused', 'disk-full']);
  assert.deepEqual(scene.platform.incoming, []);
});

test('sendTelemetry does not answer before the records are durable, and does not wait for ever', async () => {
  await using scene = await openScene();
  const disk = Promise.withResolvers<void>();
  scene.platform.disk = disk.promise;
  const waiting = send(scene, '1', { 'idempotency-key': 'k' });
  while (scene.platform.incoming.length === 0) await new Promise((done) => setImmediate(done));
  scene.clock.advance(LIMITS.intakePatienceMs.value);
  const late = await waiting;
  assert.equal(late.status, 503);
  assert.equal((await problemIn(late)).code, 'not-durable-yet');
  const again = send(scene, '1', { 'idempotency-key': 'k' });
  disk.resolve();
  assert.deepEqual(await takenIn(await again), {
    records: 1,
    firstOffset: 0,
    lastOffset: 0,
    isRepeated: true,
  });
  assert.equal(scene.platform.incoming.length, 1);
});

test('sendTelemetry answers the same key alike, refuses another body under it, and gives records their ids', async () => {
  await using scene = await openScene();
  const headers = { 'idempotency-key': '"k-1"', 'content-type': NDJSON };
  const first = await takenIn(await send(scene, '1\n2\n', headers));
  const second = await takenIn(await send(scene, '1\n2\n', { ...headers, 'idempotency-key': 'k-1' }));
  assert.deepEqual(second, { ...first, isRepeated: true });
  assert.deepEqual(
    scene.platform.incoming.map(({ messageIds }) => messageIds),
    [['k-1.1', 'k-1.2']],
  );
  const other = await send(scene, '1\n3\n', headers);
  assert.equal(other.status, 422);
  assert.equal((await problemIn(other)).code, 'idempotency-key-reused');
  await takenIn(await send(scene, '1\n3\n', headers, '/api/v1/telemetry/t/p/other'));
  const strange = await send(scene, '1', { 'idempotency-key': 'a b' });
  assert.equal((await problemIn(strange)).errors?.[0]?.pointer, '#/idempotency-key');
});

test('sendTelemetry takes 40 compressed bodies in at once: what is small counts as small', async () => {
  await using scene = await openScene();
  const disk = Promise.withResolvers<void>();
  scene.platform.disk = disk.promise;
  const body = Uint8Array.from(gzipSync('{"a":1}'));
  const sent = Array.from({ length: 40 }, () => send(scene, body, { 'content-encoding': 'gzip' }));
  const held = scene.meter.gauge('iot_api_intake_bytes', '');
  const first = Promise.race(sent).then(({ status }) => status);
  const all = untilTaken(scene, sent.length).then(() => 'taken');
  assert.equal(await Promise.race([first, all]), 'taken');
  assert.equal(held.value, 40 * '{"a":1}'.length);
  disk.resolve();
  for (const answer of await Promise.all(sent)) assert.equal(answer.status, 200);
  assert.equal(held.value, 0);
});

async function untilTaken(scene: Scene, count: number): Promise<void> {
  while (scene.platform.incoming.length < count) await new Promise((done) => setImmediate(done));
}
