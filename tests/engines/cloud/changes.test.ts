// What is changed at the cloud of a larger site with two writers: declared pipelines, in force in every partition, and dead
// letters, judged by the writers of theirs.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import type { RoleProcess } from '@skerry/testkit/stack';
import { skerry } from '../../e2e/skerry-line.ts';
import { PROJECT, Site, TENANT } from './site.ts';

const DEVICES = 16;
const PARTITIONS = 4;
/** With the one of the dead letters. */
const EVERY_PARTITION = String(PARTITIONS + 1);
/** What names a tenant: its id, that of its project, a name that it gave, or a label for one. */
const NAMED = new RegExp(`${TENANT}|${PROJECT}|\\bhigh\\b|(tenant|project|pipeline|device)=`);
/** Of four seconds each, as long as the cloud waits for the writers. */
const TRIES = 15;
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

/** The samples of a metric, those of zero left out; a cloud is asked as whoever may see everything. */
async function samples(role: RoleProcess, name: string): Promise<string[]> {
  const token = role === site.stack.cloud ? readFileSync(join(role.dataDir, 'token'), 'utf8').trim() : '';
  const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
  const text = await (await fetch(`${role.url}/metrics`, { headers })).text();
  if (token === '')
    assert.doesNotMatch(text, NAMED, `${role.url} names a tenant to whoever reaches its port`);
  return text.split('\n').filter((row) => row.startsWith(name) && !row.endsWith(' 0'));
}

test('what a stage did is told by the cloud for all writers together, and by no writer, whose port names no tenant', async () => {
  const labels = `{tenant="${TENANT}",project="${PROJECT}",pipeline="high",stage="only"}`;
  const told = (metric: string) => samples(site.stack.cloud, `iot_pipeline_stage_${metric}`);
  await site.until('the cloud tells what the stage did', async () => {
    const found = await Promise.all(['in_total', 'out_total', 'taken_out_total', 'late_total'].map(told));
    return isDeepStrictEqual(found, [
      [`iot_pipeline_stage_in_total${labels} ${2 * DEVICES}`],
      [`iot_pipeline_stage_out_total${labels} ${DEVICES}`],
      [`iot_pipeline_stage_taken_out_total${labels} ${DEVICES}`],
      [],
    ]);
  });
  for (const role of [...site.stack.writers, ...site.stack.gateways])
    assert.deepEqual(await samples(role, 'iot_pipeline_stage'), [], role.url);
  for (const writer of site.stack.writers)
    assert.deepEqual(
      await samples(writer, 'iot_pipeline_documents'),
      ['iot_pipeline_documents 1'],
      writer.url,
    );
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
  assert.deepEqual(await change('replay'), { changed: DEVICES, failedAgain: 0, undecided: 0, unchanged: 0 });
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

interface Outcome {
  readonly changed: number;
  readonly failedAgain: number;
  readonly undecided: number;
  readonly unchanged: number;
}

interface Letter {
  readonly offset: number;
  readonly state: string;
  readonly author: string;
}

async function letters(state: string): Promise<readonly Letter[]> {
  const { items } = (await site.ask(`/api/v1/dead-letters?state=${state}`)) as { items: readonly Letter[] };
  return items;
}

/** Of the open ones, or of one, as the cloud answers within its patience. */
async function askOnce(what: 'replay' | 'discard', offset?: number): Promise<Outcome> {
  const path = offset === undefined ? what : `${offset}/${what}`;
  const body = offset === undefined ? '{"all":true}' : null;
  return (await site.ask(`/api/v1/dead-letters/${path}`, { method: 'POST', body })) as Outcome; // as the API describes it
}

/** Asks again while a writer has not come to some of them, which on a busy machine may be; what became of all of them. */
async function change(what: 'replay' | 'discard', offset?: number): Promise<Outcome> {
  const first = await askOnce(what, offset);
  let last = first;
  for (let tries = 0; last.undecided > 0 && tries < TRIES; tries++) last = await askOnce(what, offset);
  // what was judged between two questions is in no answer, and no longer open
  const wanted = first.changed + first.failedAgain + first.undecided;
  const { failedAgain, undecided } = last;
  return { changed: wanted - failedAgain - undecided, failedAgain, undecided, unchanged: first.unchanged };
}

/** Publishes broken messages of many devices, so that every partition has some. */
async function broken(count: number): Promise<void> {
  const before = (await letters('open')).length;
  await site.publish(Array.from({ length: count }, (_, i) => [`d-${i}`, '{broken'] as const));
  await site.until(
    'the dead letters are there',
    async () => (await letters('open')).length === before + count,
  );
}

test('letters of all partitions are discarded by their writers, the ledger with them', async () => {
  await broken(DEVICES);
  const sources = new Set((await letters('open')).map(({ offset }) => offset % 4096));
  assert.ok(sources.size > 1, 'they lie in several partitions');
  const outcome = await change('discard');
  assert.deepEqual(outcome, { changed: DEVICES, failedAgain: 0, undecided: 0, unchanged: 0 });
  assert.deepEqual(await letters('open'), []);
  await site.until('the ledger has them discarded', async () => {
    const { totals, imbalances } = await site.ledger();
    return totals.discarded === DEVICES && totals.deadLettered === 0 && imbalances.length === 0;
  });
});

test('a replay that fails again leaves the letter open and says so', async () => {
  await broken(2);
  const [first] = await letters('open');
  const outcome = await change('replay', first?.offset);
  assert.deepEqual(outcome, { changed: 0, failedAgain: 1, undecided: 0, unchanged: 0 });
  assert.equal((await letters('open')).length, 2);
});

test('two people who discard the same letters at once do it once', async () => {
  await broken(DEVICES);
  const open = (await letters('open')).length;
  const before = (await site.ledger()).totals.discarded;
  const outcomes = await Promise.all([change('discard'), change('discard')]);
  for (const { failedAgain, undecided } of outcomes) assert.deepEqual([failedAgain, undecided], [0, 0]);
  assert.deepEqual(await letters('open'), []);
  await site.until('each is counted once', async () => {
    const { totals, imbalances } = await site.ledger();
    return totals.discarded === before + open && imbalances.length === 0;
  });
  const again = await change('discard', (await letters('discarded'))[0]?.offset);
  assert.deepEqual(again, { changed: 0, failedAgain: 0, undecided: 0, unchanged: 1 });
});

test('while no writer runs letters are undecided, and judged when one does', async () => {
  await broken(1);
  const [letter] = await letters('open');
  await Promise.all(site.stack.writers.map((writer) => writer.stop()));
  const outcome = await askOnce('discard', letter?.offset);
  assert.deepEqual(outcome, { changed: 0, failedAgain: 0, undecided: 1, unchanged: 0 });
  await Promise.all(site.stack.writers.map((writer) => writer.restart()));
  await site.until('it is discarded', async () => (await letters('open')).length === 0);
});
