import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { LIMITS } from '../limits.ts';
import { silentLogger } from '../logger.ts';
import { createMeter } from '../meter.ts';
import type { Tracer } from '../tracer.ts';
import { nodeClock } from './clock.ts';
import { openOtlpTracer } from './otlp-exporter.ts';
import { nodeRandom } from './random.ts';

interface Request {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly names: readonly string[];
}

/** A collector that answers as it is told to. */
async function aCollector(answer: (response: ServerResponse, nth: number) => void) {
  const requests: Request[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { resourceSpans } = JSON.parse(Buffer.concat(parts).toString()) as {
      readonly resourceSpans: readonly {
        readonly scopeSpans: readonly { readonly spans: readonly { readonly name: string }[] }[];
      }[];
    }; // as the exporter writes it
    const names = resourceSpans[0]?.scopeSpans[0]?.spans.map(({ name }) => name) ?? [];
    requests.push({ path: String(request.url), headers: request.headers, names });
    answer(response, requests.length);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function anExporter(url: string, headers?: () => Record<string, string>) {
  const meter = createMeter();
  const needs = { clock: nodeClock(), random: nodeRandom(), logger: silentLogger, meter };
  const tracer = openOtlpTracer(
    { url, ratio: 1, resource: {}, version: '1', ...(headers ? { headers } : {}) },
    needs,
  );
  const counts = () => {
    const all = meter
      .snapshot()
      .flatMap(({ name, samples }) =>
        samples.map(({ labels, value }) => [`${name.slice(12)}${labels.reason ?? ''}`, value] as const),
      );
    return Object.fromEntries(all.filter(([, value]) => value > 0));
  };
  return { tracer, counts };
}

function finish(tracer: Tracer, name: string): void {
  const context = tracer.open();
  tracer.finish({ name, kind: 'internal', context, parent: undefined, startMicros: 1, endMicros: 2 });
}

/** Resolves when it is so; the clock of the suite bounds it. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await nodeClock().sleep(5);
}

test('openOtlpTracer tells what waits when it ends, with the configured header fields', async () => {
  await using collector = await aCollector((response) => response.end('{}'));
  const { tracer, counts } = anExporter(collector.url, () => ({ 'x-token': 'a secret' }));
  finish(tracer, 'one');
  finish(tracer, 'two');
  await tracer[Symbol.asyncDispose]();
  const [request] = collector.requests;
  assert.equal(collector.requests.length, 1);
  assert.equal(request?.path, '/v1/traces');
  assert.equal(request?.headers['content-type'], 'application/json');
  assert.equal(request?.headers['x-token'], 'a secret');
  assert.deepEqual(request?.names, ['one', 'two']);
  assert.deepEqual(counts(), { spans_exported_total: 2 });
});

test('openOtlpTracer sends a full batch at once, others after a while, over one connection', async () => {
  await using collector = await aCollector((response) => response.end());
  const { tracer } = anExporter(`${collector.url}/other/path`);
  const most = LIMITS.spanBatchMax.value;
  for (let i = 0; i < most + 1; i++) finish(tracer, String(i));
  await until(() => collector.requests.length === 2);
  assert.deepEqual(
    collector.requests.map(({ path, names }) => [path, names.length]),
    [
      ['/other/path', most],
      ['/other/path', 1],
    ],
  );
  finish(tracer, 'later');
  await until(() => collector.requests.length === 3);
  await tracer[Symbol.asyncDispose]();
});

test('openOtlpTracer makes a request again that a busy collector has not taken', async () => {
  await using collector = await aCollector((response, nth) => {
    response.statusCode = nth < 3 ? 503 : 200;
    if (nth < 3) response.setHeader('retry-after', '0');
    response.end();
  });
  const { tracer, counts } = anExporter(collector.url);
  finish(tracer, 'kept');
  await until(() => counts().spans_exported_total === 1);
  assert.deepEqual(
    collector.requests.map(({ names }) => names),
    [['kept'], ['kept'], ['kept']],
  );
  await tracer[Symbol.asyncDispose]();
});

test('openOtlpTracer drops and counts what is refused, whole or in part, and goes on', async () => {
  await using collector = await aCollector((response, nth) => {
    response.statusCode = nth === 1 ? 500 : 200;
    response.end(nth === 2 ? '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}' : '');
  });
  const { tracer, counts } = anExporter(collector.url);
  finish(tracer, 'refused');
  await until(() => collector.requests.length === 1);
  await until(() => counts().spans_dropped_totalrefused === 1);
  finish(tracer, 'half');
  finish(tracer, 'of it');
  await until(() => collector.requests.length === 2);
  await until(() => counts().spans_exported_total === 1);
  assert.deepEqual(counts(), { spans_exported_total: 1, spans_dropped_totalrefused: 2 });
  finish(tracer, 'whole');
  await tracer[Symbol.asyncDispose]();
  assert.deepEqual(counts(), { spans_exported_total: 2, spans_dropped_totalrefused: 2 });
});

test('openOtlpTracer keeps no more than its queue while nobody answers, and ends all the same', async () => {
  await using collector = await aCollector(() => undefined);
  const { tracer, counts } = anExporter(collector.url);
  const { spansQueuedMax, spanBatchMax } = LIMITS;
  for (let i = 0; i < spanBatchMax.value; i++) finish(tracer, 'sent');
  await until(() => collector.requests.length === 1);
  for (let i = 0; i < spansQueuedMax.value + 10; i++) finish(tracer, 'waits');
  assert.equal(counts()['spans_dropped_totalqueue-full'], 10);
  await tracer[Symbol.asyncDispose]();
  const { spans_dropped_totalunreachable: lost } = counts();
  assert.equal(lost, spanBatchMax.value + spansQueuedMax.value);
});

test('openOtlpTracer loses spans and nothing else where nobody listens', async () => {
  const gone = await aCollector(() => undefined);
  await gone[Symbol.asyncDispose]();
  const { tracer, counts } = anExporter(gone.url);
  finish(tracer, 'lost');
  await tracer[Symbol.asyncDispose]();
  assert.deepEqual(counts(), { spans_dropped_totalunreachable: 1 });
});
