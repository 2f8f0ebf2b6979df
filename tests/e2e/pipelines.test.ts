import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from './condition.ts';
import { accountsOf, assertAuditClean, lettersOf, pointsOf } from './proof.ts';
import { skerry } from './skerry-line.ts';
import { WireClient } from './wire-client.ts';

const PAGE = new URL('../../docs/pipeline-stages.md', import.meta.url);
const folder = memoryFolder('pipelines');
const dataDir = join(folder.path, 'store');
let server: ServerProcess;

interface Example {
  readonly title: string;
  readonly documents: string;
  readonly samples: string;
  readonly values: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** The worked examples of the page: a heading, then YAML, JSON lines and JSON. */
function examplesOf(page: string): Example[] {
  const part = page.slice(page.indexOf('\n## Examples'));
  return part
    .split('\n### ')
    .slice(1)
    .map((text) => {
      const block = (language: string) => {
        const [, rest] = text.split(`\`\`\`${language}\n`);
        return rest?.split('```')[0] ?? assert.fail(`no ${language} block`);
      };
      const title = text.split('\n')[0] ?? '';
      return { title, documents: block('yaml'), samples: block('jsonl'), values: JSON.parse(block('json')) };
    });
}

async function publish(topic: string, ...payloads: string[]): Promise<void> {
  using client = await WireClient.join(server.mqttPort, 'sender');
  for (const payload of payloads) client.publish(topic, payload);
  await client.answered();
  await server.quiet();
}

async function apply(name: string, documents: string): Promise<void> {
  const file = join(folder.path, `${name}.yaml`);
  writeFileSync(file, documents);
  const said = await skerry(['pipeline', 'apply', '-f', file], { dataDir });
  assert.equal(said.code, 0, said.err);
}

const latestOf = async (tenant: string, project: string, device: string) => {
  const answer = (await server.get(`/api/v1/devices/${tenant}/${project}/${device}/latest`)) as {
    readonly items: readonly { readonly metric: string; readonly value: unknown }[];
  };
  return Object.fromEntries(answer.items.map(({ metric, value }) => [metric, value]));
};

before(async () => {
  server = await ServerProcess.start({ dataDir });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

for (const { title, documents, samples, values } of examplesOf(readFileSync(PAGE, 'utf8'))) {
  test(`the example of the page gives what it says: ${title}`, async () => {
    await apply('example', documents);
    for (const line of samples.trim().split('\n')) {
      const { topic, payload } = JSON.parse(line) as { topic: string; payload: unknown };
      await publish(topic, JSON.stringify(payload));
    }
    const [, tenant = '', project = ''] = /"iot\/(\w+)\/(\w+)\//.exec(samples) ?? [];
    for (const [device, wanted] of Object.entries(values))
      assert.deepEqual(await latestOf(tenant, project, device), wanted);
    await assertAuditClean(server);
  });
}

const FILTER = (least: number) =>
  JSON.stringify({
    apiVersion: 'skerry.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'least' },
    spec: {
      match: { tenant: 'acme', project: 'plant' },
      stages: [
        { name: 'keep', type: 'Filter', keep: `metrics.n >= ${least}` },
        { name: 'tens', type: 'Aggregate', window: { size: '10s' }, functions: ['sum'], keepInput: true },
      ],
    },
  });

const NUMBER = { tenant: 'acme', project: 'plant', device: 'm1', metric: 'n' };
const TOPIC = 'iot/acme/plant/m1/telemetry';
const payloads = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) =>
    JSON.stringify({ n: from + i, ts: 1_767_225_600 + from + i, seq: from + i }),
  );

test('documents, windows and verdicts outlive a kill, and changes while telemetry comes lose and double nothing', async () => {
  await apply('least', FILTER(5));
  await publish(TOPIC, ...payloads(0, 13));
  await server.kill();
  server = await ServerProcess.start({ dataDir });
  await publish(TOPIC, ...payloads(13, 10));
  const sums = await pointsOf(server, { ...NUMBER, metric: 'n.sum' });
  assert.deepEqual(
    sums.map(({ value }) => value),
    [5 + 6 + 7 + 8 + 9, 145],
  );
  assert.equal((await pointsOf(server, NUMBER)).length, 18);
  const changing = (async () => {
    for (const least of [100, 1, 200]) await apply('least', FILTER(least));
  })();
  await publish(TOPIC, ...payloads(23, 200));
  await changing;
  const undone = await skerry('pipeline undo least', { dataDir });
  assert.equal(undone.code, 0, undone.err);
  await publish(TOPIC, ...payloads(223, 5));
  const { received, stored, filtered, pending } = await accountsOf(server);
  assert.equal(received, stored + filtered + pending);
  await until('a quiet ledger', async () => (await accountsOf(server)).pending === 0);
  assert.equal((await server.ledger()).isBalanced, true);
  await assertAuditClean(server);
  const history = await skerry('pipeline history least', { dataDir });
  assert.match(history.out, /5 .*local +undo to version 3/);
});

test('pipeline test and shadow tell what would become of samples, dead letters and recorded records', async () => {
  await apply('least', FILTER(5));
  const file = join(folder.path, 'strict.yaml');
  writeFileSync(file, FILTER(1_000));
  const samples = join(folder.path, 'samples.jsonl');
  writeFileSync(
    samples,
    `${JSON.stringify({ topic: TOPIC, payload: { n: 1_500 } })}\n${JSON.stringify({ topic: TOPIC, payload: '{"n":3}' })}\n`,
  );
  const tried = await skerry(['pipeline', 'test', '-f', file, '--sample', samples], { dataDir });
  assert.equal(tried.code, 0, tried.err);
  assert.match(
    tried.out,
    /telemetry: stored\n[\s\S]*least\/keep +Filter +m1 at .*n=1500[\s\S]*telemetry: filtered\n[\s\S]*taken out/,
  );
  await publish(TOPIC, '{"m":1}');
  const letter = (await lettersOf(server)).find(({ reason }) => reason === 'stage-failed');
  assert.match(String(letter?.detail), /No such key: n/);
  const again = await skerry(['pipeline', 'test', '-f', file, '--dead-letter', String(letter?.offset)], {
    dataDir,
  });
  assert.equal(again.code, 1);
  assert.match(again.out, /least\/keep +The expression metrics\.n >= 1000 failed: No such key: n/);
  const shadow = await skerry(['pipeline', 'shadow', '-f', file, '--last', '1000', '-o', 'json'], {
    dataDir,
  });
  const report = JSON.parse(shadow.out) as {
    records: number;
    candidate: { filtered: number; deadLettered: number };
  };
  assert.ok(report.records > 0);
  assert.equal(report.candidate.filtered, report.records - 1);
  assert.equal(report.candidate.deadLettered, 1);
});

test('a document that is wrong is refused with every fault and the words that help', async () => {
  await apply('least', FILTER(5));
  const file = join(folder.path, 'wrong.yaml');
  writeFileSync(file, FILTER(1).replace('keep":"metrics.n', 'keep":"metrcs.n').replace('"sum"', '"summ"'));
  const said = await skerry(['pipeline', 'apply', '-f', file], { dataDir });
  assert.notEqual(said.code, 0);
  assert.match(said.err, /stages\/1\/functions\/0: found "summ", wanted one of .*perhaps sum/);
  assert.match(said.err, /stages\/0\/keep: Unknown variable: metrcs; perhaps metrics/);
  const listed = await skerry('pipeline list', { dataDir });
  assert.match(listed.out, /least +acme\/plant +\d+ +keep +Filter/);
});
