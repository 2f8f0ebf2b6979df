import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { createClient } from './client.ts';
import { ApiProblem } from './errors.ts';
import { OPERATIONS } from './generated/operations.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A server that answers as the test says, and remembers what it was asked. */
async function serving(answer: (seen: Seen, response: ServerResponse, nth: number) => void) {
  const asked: Seen[] = [];
  const listener: RequestListener = async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const seen = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body };
    asked.push(seen);
    answer(seen, response, asked.length);
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sendJson(response: ServerResponse, value: unknown): void {
  response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
}

const isFault = (code: string) => (error: unknown) => error instanceof ApiProblem && error.code === code;

test('createClient has a function for every operation, and one more where lines come', () => {
  const client: object = createClient();
  const names = Object.entries(OPERATIONS).flatMap(([id, { hasLines }]) =>
    hasLines ? [id, `${id}Lines`] : [id],
  );
  assert.ok(names.length > 20);
  assert.deepEqual(Object.keys(client).sort(), names.sort());
});

test('createClient puts each parameter where it belongs, with the token and the header of its own requests', async () => {
  await using server = await serving((_, response) => sendJson(response, { items: [] }));
  const client = createClient({ url: server.url, token: 'secret' });
  await client.getDevice({ tenant: 't', project: 'p', device: 'a/b ü' });
  await client.listDevices({ search: 'x&y', limit: 5, cursor: undefined });
  await client.replayDeadLetters({ body: { tenant: 't' } }, { headers: { 'if-match': '"1"' } });
  await client.sendTelemetry({
    tenantId: 't',
    projectId: 'p',
    deviceId: 'd',
    idempotencyKey: 'k',
    body: { bytes: '1\n2\n', type: 'application/x-ndjson' },
  });
  const [device, list, replay, telemetry] = server.asked;
  assert.equal(device?.url, '/api/v1/devices/t/p/a%2Fb%20%C3%BC');
  assert.equal(device?.headers.authorization, 'Bearer secret');
  assert.equal(device?.headers['x-skerry-request'], '1');
  assert.equal(list?.url, '/api/v1/devices?search=x%26y&limit=5');
  assert.deepEqual([replay?.method, replay?.body], ['POST', '{"tenant":"t"}']);
  assert.equal(replay?.headers['if-match'], '"1"');
  assert.equal(telemetry?.url, '/api/v1/telemetry/t/p/d');
  assert.deepEqual(
    [telemetry?.body, telemetry?.headers['content-type'], telemetry?.headers['idempotency-key']],
    ['1\n2\n', 'application/x-ndjson', 'k'],
  );
});

test('createClient makes problems, silence and broken answers ApiProblems with codes', async () => {
  const problem = {
    type: '/errors/x',
    title: 'X',
    status: 503,
    detail: 'no room',
    code: 'intake-refused',
    instance: '7',
    reason: 'disk-full',
  };
  await using server = await serving(({ url }, response) => {
    if (url.endsWith('/ledger')) {
      response
        .setHeader('content-type', 'application/json')
        .write('{"totals":', () => setImmediate(() => response.destroy()));
    } else {
      response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '3' });
      response.end(JSON.stringify(problem));
    }
  });
  const client = createClient({ url: server.url });
  await assert.rejects(client.getOverview(), (error) => {
    assert.ok(error instanceof ApiProblem);
    assert.deepEqual([error.code, error.status, error.message], ['intake-refused', 503, 'no room']);
    assert.deepEqual([error.problem.reason, error.retryAfterSecs, error.isPassing], ['disk-full', 3, true]);
    return true;
  });
  await assert.rejects(client.getLedger(), isFault('answer-broken'));
  await assert.rejects(createClient({ url: 'http://127.0.0.1:1' }).getHealth(), isFault('unreachable'));
  const gone = AbortSignal.abort(new TypeError('changed my mind'));
  await assert.rejects(client.getOverview({}, { signal: gone }), /changed my mind/);
});

const QUERY = { tenant: 't', project: 'p', device: 'd', metric: 'm', from: 'now-1h' };

test('createClient reads lines as they come, over any cut of the bytes, and tells an answer that broke off', async () => {
  await using server = await serving(({ url }, response) => {
    response.setHeader('content-type', 'application/x-ndjson');
    for (const byte of Buffer.from('{"value":"ä"}\n{"value":2}\r\n\n{"value":3}'))
      response.write(Uint8Array.of(byte));
    if (url.includes('cut')) setImmediate(() => response.destroy());
    else response.end();
  });
  const client = createClient({ url: server.url });
  const values: unknown[] = [];
  for await (const { value } of client.queryTelemetryLines(QUERY) as AsyncIterable<{ value: unknown }>)
    values.push(value);
  assert.deepEqual(values, ['ä', 2, 3]);
  assert.equal(server.asked[0]?.headers.accept, 'application/x-ndjson');
  const read = async () => {
    for await (const _ of client.queryTelemetryLines({ ...QUERY, device: 'cut' }));
  };
  await assert.rejects(read(), isFault('answer-broken'));
});

test('openStream goes on after the last id over cuts, refusals that pass and orderly ends', async () => {
  await using server = await serving((_, response, nth) => {
    if (nth === 2) {
      response.writeHead(503, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ code: 'unavailable', status: 503, detail: '' }));
      return;
    }
    response.setHeader('content-type', 'text/event-stream');
    response.write(`: open\nretry: 1000\n\nid: v${nth}\nevent: gap\ndata: {"a":\ndata: ${nth}}\n\n`);
    response.write('event: overview\ndata: {}\n\nid: half'); // an event that never ended
    if (nth === 1) setImmediate(() => response.destroy());
    else response.end();
  });
  const pauses: number[] = [];
  const pause = async (ms: number, signal: AbortSignal) => {
    if (ms > 10_000) return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    pauses.push(ms);
  };
  const client = createClient({ url: server.url, pause });
  const seen: string[] = [];
  const changes: string[] = [];
  const onConnection = (change: string, fault?: ApiProblem) =>
    void changes.push(`${change} ${fault?.code ?? ''}`);
  for await (const { event, id, data } of client.openStream({ subscribe: ['overview'] }, { onConnection })) {
    seen.push(`${event} ${id} ${JSON.stringify(data)}`);
    if (seen.length === 6) break;
  }
  assert.deepEqual(seen, [
    'gap v1 {"a":1}',
    'overview  {}',
    'gap v3 {"a":3}',
    'overview  {}',
    'gap v4 {"a":4}',
    'overview  {}',
  ]);
  assert.deepEqual(
    server.asked.map(({ headers }) => headers['last-event-id']),
    [undefined, 'v1', 'v1', 'v3'],
  );
  assert.deepEqual(pauses, [250, 500, 250]);
  assert.deepEqual(changes, ['open ', 'lost answer-broken', 'lost unavailable', 'open ', 'lost ', 'open ']);
});

test('openStream gives a connection up that falls silent, and fails for good where it is refused for good', async () => {
  await using server = await serving((_, response, nth) => {
    if (nth === 2) {
      response.writeHead(403, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ code: 'forbidden', status: 403, detail: '' }));
      return;
    }
    response.setHeader('content-type', 'text/event-stream').write(': open\n\n');
  });
  const client = createClient({ url: server.url, pause: async () => undefined });
  const read = async () => {
    for await (const _ of client.openStream({ subscribe: ['overview'] }));
  };
  await assert.rejects(read(), isFault('forbidden'));
  assert.equal(server.asked.length, 2);
});

test('openStream ends when its reader ends, and the server sees the connection go', async () => {
  const gone = Promise.withResolvers<void>();
  await using server = await serving((_, response) => {
    response.on('close', () => gone.resolve());
    response.setHeader('content-type', 'text/event-stream').write('data: 1\n\n');
  });
  const client = createClient({ url: server.url });
  for await (const { data } of client.openStream({ subscribe: ['overview'] })) {
    assert.equal(data as unknown, 1);
    break;
  }
  await gone.promise;
});
