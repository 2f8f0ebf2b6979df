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

/** About 100 kB of points. */
const MANY = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`metric-${i}`, i]));

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Waits until a condition holds, and does something before each look. */
async function until(isSo: () => boolean, before: () => void = () => undefined): Promise<void> {
  for (let i = 0; !isSo(); i++) {
    if (i > 20_000) throw new Error('the condition never held');
    before();
    await turn();
  }
}

/** Counts the live feeds that the platform is asked for, and the events that it hands out. */
function watchLive({ platform }: Scene): { open: number; begun: number; events: number } {
  const seen = { open: 0, begun: 0, events: 0 };
  const live = platform.live.bind(platform);
  platform.live = async function* (...asked) {
    seen.begun++;
    seen.open++;
    try {
      for await (const batch of live(...asked)) {
        seen.events += batch.length;
        yield batch;
      }
    } finally {
      seen.open--;
    }
  };
  return seen;
}

test('openStream asks for no more while nobody reads, and closes the connection of who takes nothing for long', async () => {
  await using scene = await openScene();
  const seen = watchLive(scene);
  await using events = await open(scene, PATH);
  await events.block();
  const dropped = scene.meter.counter('iot_api_streams_dropped_total', '');
  const published = 400;
  for (let i = 0; i < published; i++) {
    scene.platform.ingest([{ ...KEY, values: MANY }]);
    await turn();
  }
  assert.ok(seen.events < published / 2, `${seen.events} of ${published} events were asked for`);
  assert.equal(dropped.value, 0);
  scene.clock.advance(45_000);
  assert.equal(dropped.value, 0, 'a client may be slow for a while');
  scene.clock.advance(30_000);
  assert.equal(dropped.value, 1);
  await assert.rejects(async () => {
    for (;;) await events.next();
  });
  await until(() => seen.open === 0);
  assert.equal(scene.meter.gauge('iot_api_streams', '').value, 0);
});

test('openStream makes each event once for all streams of the same filters, and gives up who falls behind', async () => {
  await using scene = await openScene({ bounds: { streamBufferBytesMax: 1_000_000 } });
  const seen = watchLive(scene);
  await using slow = await open(scene, PATH);
  await slow.block();
  await using quick = await open(scene, PATH);
  await quick.block();
  assert.equal(seen.begun, 1);
  const dropped = scene.meter.counter('iot_api_streams_dropped_total', '');
  let published = 0;
  let got = 0;
  const reading = (async () => {
    for (; got < 400; got++) assert.equal(valuesOf(await quick.next()).length, 2_000);
  })();
  await until(
    () => published === 400,
    () => {
      if (published - got < 3) {
        scene.platform.ingest([{ ...KEY, values: MANY }]);
        published++;
      }
    },
  );
  await reading;
  assert.equal(dropped.value, 1);
  await assert.rejects(async () => {
    for (;;) await slow.next();
  });
});

test('openStream that resumed shares the feed again as soon as it has caught up', async () => {
  await using scene = await openScene();
  const seen = watchLive(scene);
  let id = '';
  {
    await using events = await open(scene, PATH);
    await events.block();
    publish(scene, 1);
    id = (await events.next()).id;
  }
  await until(() => seen.open === 0);
  publish(scene, 2);
  await using first = await open(scene, PATH, { 'last-event-id': id });
  await using second = await open(scene, PATH, { 'last-event-id': id });
  const got: unknown[][] = [[], []];
  for (let value = 3; value <= 8; value++) {
    publish(scene, value);
    for (const [at, events] of [first, second].entries()) {
      while (!got[at]?.includes(value)) got[at]?.push(...valuesOf(await events.next()));
    }
  }
  assert.deepEqual(got, [
    [2, 3, 4, 5, 6, 7, 8],
    [2, 3, 4, 5, 6, 7, 8],
  ]);
  assert.equal(seen.open, 1, 'one feed for both');
});

test('openStream gives a subject and a tenant their shares, so that others come in', async () => {
  await using scene = await openScene();
  const tokenOf = async (name: string, tenant: string) => {
    const grants = [{ role: 'viewer', tenant }];
    const made = await scene.post('/api/v1/tokens', { name, grants });
    const { secret } = (await made.json()) as Model<'TokenWithSecret'>; // the answer of its operation
    return { authorization: `Bearer ${secret}` };
  };
  await using stack = new AsyncDisposableStack();
  const openAs = async (headers: Record<string, string>) => {
    const events = stack.use(await open(scene, '/api/v1/stream?subscribe=points', headers));
    return events.response.statusCode;
  };
  const held = { max: 0 };
  for (const name of ['a', 'b', 'c']) {
    const headers = await tokenOf(name, 'acme');
    for (let i = 0; i < 33; i++) if ((await openAs(headers)) === 200) held.max++;
  }
  assert.equal(held.max, 64);
  assert.equal(await openAs(await tokenOf('of-beta', 'beta')), 200);
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
