// Declared pipelines of a larger site: asked for at the cloud, in force in every partition, over two writers.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { skerry } from '../../e2e/skerry-line.ts';
import { PROJECT, Site, TENANT } from './site.ts';

const DEVICES = 16;
const PARTITIONS = 4;
/** With the one of the dead letters. */
const EVERY_PARTITION = String(PARTITIONS + 1);
const folder = mkdtempSync(join(tmpdir(), 'skerry-cloud-pipelines-'));
let site: Site;

before(async () => {
  site = await Site.start({ gateways: 1, writers: 2, partitions: PARTITIONS });
});
after(async () => {
  await site?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
});

function line(...words: readonly string[]) {
  return skerry(words, { dataDir: site.stack.cloud.dataDir });
}

/** A file with a pipeline of one stage. */
function aPipeline(name: string, stage: string): string {
  const file = join(folder, `${name}.yaml`);
  writeFileSync(
    file,
    `apiVersion: skerry.dev/v1alpha1
kind: Pipeline
metadata: { name: ${name} }
spec:
  match: { tenant: '${TENANT}', project: '${PROJECT}' }
  stages:
    - { name: only, ${stage} }
`,
  );
  return file;
}

/** One value of each device. */
async function send(value: number): Promise<void> {
  await site.publish(
    Array.from({ length: DEVICES }, (_, i) => [`d-${i}`, JSON.stringify({ value })] as const),
  );
}

async function settled(account: 'filtered' | 'stored' | 'deadLettered', count: number): Promise<void> {
  await site.until(`${count} records are ${account}`, async () => {
    const { totals, imbalances } = await site.ledger();
    return totals[account] === count && totals.pending === 0 && imbalances.length === 0;
  });
}

test('a filter that is applied at the cloud is in force in all partitions, for what comes behind it', async () => {
  await send(1);
  await settled('stored', DEVICES);
  const partitions = await site.sql('SELECT count(*) FROM skerry.sources WHERE telemetry_position > 0');
  assert.ok(Number(partitions) > 1, `${partitions} partitions have records`);
  const applied = await line(
    'pipeline',
    'apply',
    '-f',
    aPipeline('high', 'type: Filter, keep: metrics.value > 10'),
  );
  assert.equal(applied.code, 0, applied.err);
  const rows = await site.sql(
    `SELECT count(DISTINCT source) FROM skerry.stage_rows WHERE pipeline LIKE 'Pipeline/%/high'`,
  );
  assert.equal(rows, EVERY_PARTITION, 'every partition has it, those without records too');
  await send(2);
  await settled('filtered', DEVICES);
  await send(20);
  await settled('stored', 2 * DEVICES);
  const listed = await line('pipeline', 'list', '-o', 'json');
  assert.match(listed.out, /"name":\s*"high"/, listed.err);
});

test('a change that is not good is refused before any partition has it', async () => {
  const bad = await line('pipeline', 'apply', '-f', aPipeline('bad', 'type: Filter, keep: metrics.value >'));
  assert.notEqual(bad.code, 0);
  assert.equal(await site.sql(`SELECT count(*) FROM skerry.stage_rows WHERE pipeline LIKE '%/bad'`), '0');
  const same = await line('pipeline', 'apply', '-f', join(folder, 'high.yaml'));
  assert.equal(same.code, 0, same.err);
  const tried = await site.sql(
    `SELECT count(*) FROM skerry.stage_rows WHERE pipeline LIKE 'Pipeline/%/high'`,
  );
  assert.equal(tried, EVERY_PARTITION, 'what is in force already is no new version');
});

test('several people who change it at once end with one document in all partitions', async () => {
  const documents = [11, 12, 13].map((least) => ({
    apiVersion: 'skerry.dev/v1alpha1',
    kind: 'Pipeline',
    metadata: { name: 'high' },
    spec: {
      match: { tenant: TENANT, project: PROJECT },
      stages: [{ name: 'only', type: 'Filter', keep: `metrics.value > ${least}` }],
    },
  }));
  const answers = await Promise.allSettled(
    documents.map((document) =>
      site.ask('/api/v1/pipelines/high', { method: 'PUT', body: JSON.stringify(document) }),
    ),
  );
  const made = answers.filter(({ status }) => status === 'fulfilled').length;
  assert.ok(made > 0);
  for (const answer of answers)
    if (answer.status === 'rejected') assert.match(String(answer.reason), /"code":"conflict"/);
  const newest = await site.sql(
    `SELECT count(DISTINCT body::jsonb->'document') FROM (
       SELECT DISTINCT ON (source) body FROM skerry.stage_rows WHERE pipeline LIKE 'Pipeline/%/high'
       ORDER BY source, (body::jsonb->>'version')::int DESC) AS last`,
  );
  assert.equal(newest, '1');
  const history = await line('pipeline', 'history', 'high', '-o', 'json');
  assert.match(history.out, new RegExp(`"version":\\s*${1 + made}`), history.err);
});

test('what a stage set aside is replayed once it is undone, and deleting takes the pipeline away', async () => {
  const failing = aPipeline('high', 'type: Filter, keep: metrics.missing > 1');
  const applied = await line('pipeline', 'apply', '-f', failing);
  assert.equal(applied.code, 0, applied.err);
  await send(50);
  await settled('deadLettered', DEVICES);
  const undone = await line('pipeline', 'undo', 'high');
  assert.equal(undone.code, 0, undone.err);
  const before = (await site.ledger()).totals.stored;
  const replayed = await site.ask('/api/v1/dead-letters/replay', { method: 'POST', body: '{"all":true}' });
  assert.deepEqual(replayed, { changed: DEVICES, failedAgain: 0, undecided: 0, unchanged: 0 });
  await settled('stored', before + DEVICES);
  const deleted = await line('pipeline', 'delete', 'high');
  assert.equal(deleted.code, 0, deleted.err);
  await send(3);
  await settled('stored', before + 2 * DEVICES);
});

test('samples are tried at the cloud, and a shadow run is refused with words', async () => {
  const file = aPipeline('trial', 'type: Filter, keep: metrics.value > 10');
  const sample = join(folder, 'sample.jsonl');
  const topic = `mtic/msg/client/realtime/${TENANT}/${PROJECT}/d-1`;
  writeFileSync(sample, `${JSON.stringify({ topic, payload: { value: 5 } })}\n`);
  const tried = await line('pipeline', 'test', '-f', file, '--sample', sample, '-o', 'json');
  assert.match(tried.out, /filtered/, tried.err);
  const shadow = await line('pipeline', 'shadow', '-f', file, '--from', '2026-01-01T00:00:00Z');
  assert.notEqual(shadow.code, 0);
  assert.match(shadow.err, /a shadow run reads a journal, and this role has none/);
});
