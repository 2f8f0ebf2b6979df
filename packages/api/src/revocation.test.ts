import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import type { Grant } from '@skerry/model';
import { openScene, type Scene } from './testing/scene.ts';

// the clock of a scene stands still: nothing here ends by a heartbeat

const STREAM = '/api/v1/stream?subscribe=points&subscribe=overview';
const EXPORT = '/api/v1/export/telemetry?from=now-1h&format=ndjson';
const VIEWER: readonly Grant[] = [{ role: 'viewer', tenant: 't' }];

function open(scene: Scene, path: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(scene.api.url + path, { headers, agent: false }, resolve).on('error', reject);
  });
}

async function withToken(scene: Scene, path: string): Promise<IncomingMessage> {
  const wish = { name: 'reader', grants: VIEWER, expiresMicros: null, createdBy: 'local' };
  const { secret } = await scene.access.access.book.addToken(wish);
  return await open(scene, path, { authorization: `Bearer ${secret}` });
}

async function withSession(scene: Scene, path: string): Promise<{ response: IncomingMessage; id: string }> {
  const { book, sessions } = scene.access.access;
  await book.addUser('ann', { grants: VIEWER });
  const { id, secret } = await sessions.begin('ann', { from: '127.0.0.1', agent: 'test' });
  const cookie = `skerry_session_${scene.api.address.port}=${secret}`;
  return { response: await open(scene, path, { cookie }), id };
}

/** Resolves when the answer has ended or was broken off. */
function ended(response: IncomingMessage): Promise<'whole' | 'broken off'> {
  return new Promise((resolve) => {
    response.on('error', () => undefined); // told by `close`
    response.once('close', () => resolve(response.complete ? 'whole' : 'broken off'));
  });
}

/** More than sockets hold, so that a reader that takes nothing keeps the export running. */
function ingestMuch(scene: Scene): void {
  const text = 'x'.repeat(60_000);
  for (let i = 0; i < 400; i++) {
    scene.platform.ingest([{ tenant: 't', project: 'p', device: `d${i % 4}`, values: { text: text + i } }]);
  }
  scene.clock.advance(1_000); // an export goes up to now
}

test('an event stream ends as soon as its token is revoked', async () => {
  await using scene = await openScene();
  const response = await withToken(scene, STREAM);
  response.resume();
  const end = ended(response);
  await scene.access.access.book.removeToken('reader');
  assert.equal(await end, 'whole', 'ended in order, not cut off');
});

test('an event stream ends as soon as its session is ended, or the grants of its user change; others go on', async () => {
  await using scene = await openScene();
  const { response, id } = await withSession(scene, STREAM);
  response.resume();
  const other = await withToken(scene, STREAM);
  other.resume();
  await scene.access.access.sessions.end(id);
  await ended(response);
  const { secret } = await scene.access.access.sessions.begin('ann', { from: '', agent: '' });
  const cookie = `skerry_session_${scene.api.address.port}=${secret}`;
  const again = await open(scene, STREAM, { cookie });
  again.resume();
  await scene.access.access.book.changeUser('ann', { displayName: 'Ann' }); // nothing of her rights
  await scene.access.access.book.changeUser('ann', { grants: [] });
  await ended(again);
  assert.equal(other.closed, false);
});

test('an export is broken off as soon as its token is revoked, though its reader takes nothing', async () => {
  await using scene = await openScene();
  ingestMuch(scene);
  const response = await withToken(scene, EXPORT);
  assert.equal(scene.meter.gauge('iot_api_exports', '').value, 1);
  await scene.access.access.book.removeToken('reader');
  while (scene.meter.gauge('iot_api_exports', '').value > 0) await new Promise((done) => setImmediate(done));
  response.resume();
  assert.equal(await ended(response), 'broken off');
});
