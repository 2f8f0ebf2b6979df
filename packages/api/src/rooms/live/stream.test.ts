import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { ApiError } from '../../errors.ts';
import type { Model } from '../../schemas.ts';
import { openScene, problemIn, type Scene, TOKEN } from '../../testing/scene.ts';
import { faultsAgainst } from '../../testing/wire-schema.ts';

const KEY = { tenant: 't', project: 'p', device: 'a/b' };
const PATH = '/api/v1/stream?subscribe=points:t/p/a%252Fb';

interface ServerEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** Reads events one by one from an open stream. */
class Events implements AsyncDisposable {
  readonly response: IncomingMessage;
  readonly #lines: AsyncIterator<string>;
  constructor(response: IncomingMessage) {
    this.response = response;
    this.#lines = blocks(response);
  }
  async next(): Promise<ServerEvent> {
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done) throw new Error('the stream ended');
      const fields = Object.fromEntries(
        value
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
      );
      if (fields.event)
        return { id: fields.id ?? '', event: fields.event, data: JSON.parse(fields.data ?? '') };
    }
  }
  /** The next block as it is, comments too. */
  async block(): Promise<string> {
    return String((await this.#lines.next()).value);
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.response.destroy();
  }
}

async function* blocks(response: IncomingMessage): AsyncGenerator<string> {
  let text = '';
  for await (const piece of response.setEncoding('utf8')) {
    text += piece;
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    yield* parts;
  }
}

function open(scene: Scene, path: string, headers: Record<string, string> = {}): Promise<Events> {
  return new Promise((resolve, reject) => {
    const asked = { headers: { authorization: `Bearer ${TOKEN}`, ...headers } };
    const sent = get(`${scene.api.url}${path}`, asked, (response) => resolve(new Events(response)));
    sent.on('error', reject);
  });
}

function publish(scene: Scene, value: number, device = KEY.device): void {
  scene.platform.ingest([{ ...KEY, device, values: { v: value } }]);
}

function valuesOf(event: ServerEvent): unknown[] {
  const data = event.data as Model<'StreamPoints'>; // checked against the schema by the first test
  return data.devices.flatMap((device) => device.points.map((point) => point.value));
}

test('openStream sends points of the subscribed device only, in the shape of the schema', async () => {
  await using scene = await openScene();
  await using events = await open(scene, PATH);
  assert.equal(events.response.headers['content-type'], 'text/event-stream; charset=utf-8');
  assert.match(await events.block(), /retry: 1000/);
  publish(scene, 1, 'other');
  publish(scene, 2);
  const event = await events.next();
  assert.deepEqual(faultsAgainst('StreamPoints', event.data), []);
  assert.deepEqual(valuesOf(event), [2]);
});

test('openStream continues after the last event id without gap or duplicate', async () => {
  await using scene = await openScene();
  let id = '';
  {
    await using events = await open(scene, PATH);
    await events.block();
    publish(scene, 1);
    id = (await events.next()).id;
  }
  publish(scene, 2);
  publish(scene, 3);
  for (const resumed of [
    await open(scene, PATH, { 'last-event-id': id }),
    await open(scene, `${PATH}&lastEventId=${id}`),
  ]) {
    await using events = resumed;
    assert.deepEqual([...valuesOf(await events.next()), ...valuesOf(await events.next())], [2, 3]);
  }
});

test('openStream begins with a gap when the id is too old or of another journal', async () => {
  await using scene = await openScene({ liveBatchesMax: 2 });
  for (let i = 1; i <= 5; i++) publish(scene, i);
  await using old = await open(scene, PATH, { 'last-event-id': 'v1.j1.1' });
  const gap = await old.next();
  assert.equal(gap.event, 'gap');
  assert.deepEqual(faultsAgainst('StreamGap', gap.data), []);
  assert.deepEqual(valuesOf(await old.next()), [4]);
  await using other = await open(scene, PATH, { 'last-event-id': 'v1.other.1' });
  assert.equal((await other.next()).event, 'gap');
});

test('openStream makes the client forget an id that the platform refuses', async () => {
  await using scene = await openScene();
  // biome-ignore lint/correctness/useYield: it fails before it yields
  scene.platform.live = async function* () {
    throw new ApiError('invalid-request', 'no such id');
  };
  await using events = await open(scene, PATH, { 'last-event-id': 'nonsense' });
  const gap = await events.next();
  assert.deepEqual([gap.event, gap.id], ['gap', '']);
  assert.deepEqual(gap.data, { after: 'nonsense', reason: 'invalid-request', missed: null });
  await assert.rejects(events.next(), /the stream ended/);
  assert.deepEqual(
    scene.log.map(({ level, fields }) => [level, fields]),
    [['debug', { code: 'invalid-request', detail: 'no such id' }]],
  );
});

test('openStream carries overview and points in one stream', async () => {
  await using scene = await openScene();
  await using events = await open(scene, `${PATH}&subscribe=overview`);
  await events.block();
  publish(scene, 1);
  assert.equal((await events.next()).event, 'points');
  scene.clock.advance(1_000);
  const overview = await events.next();
  assert.equal(overview.event, 'overview');
  assert.deepEqual(faultsAgainst('Overview', overview.data), []);
});

test('openStream sends heartbeats while nothing happens', async () => {
  await using scene = await openScene();
  await using events = await open(scene, PATH);
  await events.block();
  scene.clock.advance(15_000);
  assert.equal(await events.block(), ': alive');
});

test('openStream closes the connection of a client that does not read, and counts it', async () => {
  await using scene = await openScene({ bounds: { streamBufferBytesMax: 100_000 } });
  await using events = await open(scene, PATH);
  await events.block();
  const dropped = scene.meter.counter('iot_api_streams_dropped_total', '');
  const values = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`metric-${i}`, i]));
  while (dropped.value === 0) {
    scene.platform.ingest([{ ...KEY, values }]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await assert.rejects(async () => {
    for (;;) await events.next();
  });
  assert.equal(scene.meter.gauge('iot_api_streams', '').value, 0);
});

test('openStream refuses more streams than the limit and subscriptions it cannot read', async () => {
  await using scene = await openScene({ bounds: { streamsMax: 1 } });
  await using _ = await open(scene, PATH);
  assert.equal((await problemIn(await scene.get(PATH))).code, 'too-many-streams');
  for (const subscribe of ['weather', 'points:a/b/c/d/e', 'points:%25zz', 'pointsx', '']) {
    const problem = await problemIn(await scene.get(`/api/v1/stream?subscribe=${subscribe}`));
    assert.equal(problem.errors?.[0]?.pointer, '#/subscribe/0', subscribe);
  }
  assert.equal((await problemIn(await scene.get('/api/v1/stream'))).errors?.[0]?.pointer, '#/subscribe');
});

test('openStream refuses a subscription to what cannot be seen by an event, and carries the others', async () => {
  await using scene = await openScene();
  const { secret } = await scene.access.access.book.addToken({
    name: 'of-t',
    grants: [{ role: 'viewer', tenant: 't' }],
    expiresMicros: null,
    createdBy: 'local',
  });
  const headers = { authorization: `Bearer ${secret}` };
  await using events = await open(scene, `${PATH}&subscribe=points:other/p/x&subscribe=overview`, headers);
  const refusal = await events.next();
  assert.equal(refusal.event, 'refused');
  assert.deepEqual(faultsAgainst('StreamRefusal', refusal.data), []);
  assert.deepEqual(refusal.data, {
    subscribe: 'points:other/p/x',
    code: 'not-found',
    detail: 'a subscription names what cannot be seen',
  });
  scene.platform.ingest([{ tenant: 'other', project: 'p', device: 'x', values: { v: 7 } }]);
  publish(scene, 2);
  assert.deepEqual(valuesOf(await events.next()), [2]);
  await using nothing = await open(scene, '/api/v1/stream?subscribe=points:other/p/x', headers);
  assert.equal(nothing.response.statusCode, 404);
});

test('openStream ends its streams when the server ends', async () => {
  const scene = await openScene();
  await using events = await open(scene, PATH);
  await events.block();
  const ended = assert.rejects(events.next(), /the stream ended/);
  await scene.api[Symbol.asyncDispose]();
  await ended;
});
