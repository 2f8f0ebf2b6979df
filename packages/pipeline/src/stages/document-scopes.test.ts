import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_KIND } from '@skerry/journal';
import type { StageRow, StoreState } from '@skerry/series';
import { LIMITS } from '../limits.ts';
import type { Pipeline, PipelineNeeds } from '../pipeline.ts';
import type { SampleRecord } from '../testing/record-builder.ts';
import { Rig } from '../testing/rig.ts';
import { aPipeline, applyRecord, aTable, changeRecord } from '../testing/stage-documents.ts';
import { StageBook } from './stage-book.ts';

const keep = (text: string, match: object = {}) =>
  aPipeline('hot', [{ name: 'keep', type: 'Filter', keep: text }], { match });
const of = (tenant: string, v: number): SampleRecord => ({
  topic: `iot/${tenant}/p/d/telemetry`,
  payload: JSON.stringify({ v }),
});

/** The store of a rig whose rows of stages are changed when they are loaded. */
function loading(rig: Rig, change: (row: StageRow) => StageRow): PipelineNeeds['store'] {
  const load = async (): Promise<StoreState> => {
    const state = await rig.store.load();
    return { ...state, stages: state.stages.map(change) };
  };
  return new Proxy(rig.store, {
    get: (store, name) => {
      if (name === 'load') return load;
      const member: unknown = Reflect.get(store, name, store);
      return typeof member === 'function' ? member.bind(store) : member;
    },
  });
}

const verdicts = (pipeline: Pipeline) => {
  const { stored, filtered, deadLettered } = pipeline.ledger().totals;
  return [stored, filtered, deadLettered];
};

test('documents of one name in two scopes are two: each with its records, versions and windows, over a restart', async () => {
  const rig = new Rig();
  const a = { tenant: 'a' };
  const b = { tenant: 'b' };
  {
    await using pipeline = await rig.open();
    rig.journal.append(applyRecord(keep('metrics.v > 1', a)), applyRecord(keep('metrics.v > 5', b)));
    rig.journal.append(of('a', 3), of('b', 3), of('c', 3));
    await pipeline.flush();
    assert.deepEqual(verdicts(pipeline), [2, 1, 0]);
    rig.journal.append(changeRecord({ action: 'remove', kind: 'Pipeline', name: 'hot', scope: b }));
    await pipeline.flush();
  }
  await using pipeline = await rig.open();
  rig.journal.append(of('a', 1), of('b', 1));
  await pipeline.flush();
  assert.deepEqual(verdicts(pipeline), [3, 2, 0]);
  const { stages } = pipeline;
  assert.deepEqual(
    [a, b, {}].map((scope) => stages.get('Pipeline', 'hot', scope)?.versions.map(({ action }) => action)),
    [['apply'], ['remove', 'apply'], undefined],
  );
});

test('a change that says another scope than its document is refused', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const document = keep('true', { tenant: 'a' });
  const kind = 'Pipeline';
  rig.journal.append(
    changeRecord({ id: 'x', action: 'apply', kind, name: 'hot', scope: { tenant: 'b' }, document }),
  );
  await pipeline.flush();
  assert.equal((await pipeline.stages.outcome('x')).state, 'refused');
});

test('a table of fewer is used before one of the same name for all', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const uses = (tenant: string) =>
    aPipeline('uses', [{ name: 'where', type: 'Enrich', table: 'sites', into: 'metrics' }], {
      match: { tenant },
    });
  rig.journal.append(
    applyRecord(aTable('sites', 'id,level\nd,1\n')),
    applyRecord(aTable('sites', 'id,level\nd,2\n', { tenant: 'a' })),
    applyRecord(uses('a')),
    applyRecord(uses('b')),
    of('a', 0),
    of('b', 0),
  );
  await pipeline.flush();
  const levels = ['a', 'b'].map(
    (tenant) =>
      pipeline.latest({ tenant, project: 'p', device: 'd' })?.find(({ metric }) => metric === 'level')?.value,
  );
  assert.deepEqual(levels, [2, 1]);
});

test('rows of versions in which names were unique on the node go on under the scope of their document', async () => {
  const rig = new Rig();
  const minute = { name: 'minute', type: 'Aggregate', window: { size: '1m' }, functions: ['sum'] };
  {
    await using pipeline = await rig.open();
    rig.journal.append(applyRecord(aPipeline('hot', [minute], { match: { tenant: 'a' } })), of('a', 4));
    await pipeline.flush();
  }
  const old = (row: StageRow) => ({ ...row, pipeline: 'Pipeline/hot' });
  await using pipeline = await rig.open({ store: loading(rig, old) });
  const found = pipeline.stages.get('Pipeline', 'hot', { tenant: 'a' });
  assert.equal(found?.version, 1);
  assert.equal(found?.stages[0]?.groups, 1);
  rig.journal.append(changeRecord({ id: 'r', action: 'remove', kind: 'Pipeline', name: 'hot' }));
  await pipeline.flush();
  assert.equal((await pipeline.stages.outcome('r')).state, 'done');
  const rows = (await rig.store.load()).stages.filter(({ pipeline: key }) => key === 'Pipeline/hot');
  assert.ok(rows.some(({ part }) => part === 'version:2'));
});

test('a tenant that has its share of documents keeps nobody else from the first one', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const aDocument = (i: number, tenant: string) => ({
    ...keep('true', { tenant }),
    metadata: { name: `n${i}` },
  });
  const most = LIMITS.tenantPipelinesMax.value;
  for (let i = 0; i <= most; i++) rig.journal.append(applyRecord(aDocument(i, 'a'), `a${i}`));
  rig.journal.append(applyRecord(aDocument(0, 'b'), 'b'));
  const large = (i: number) => aTable(`t${i}`, `id,x\n${'y'.repeat(900_000)},1\n`, { tenant: 'c' });
  for (let i = 0; i < 5; i++) rig.journal.append(applyRecord(large(i), `c${i}`));
  await pipeline.flush();
  const stateOf = async (id: string) => (await pipeline.stages.outcome(id)).state;
  assert.deepEqual(await Promise.all([`a${most - 1}`, `a${most}`, 'b'].map(stateOf)), [
    'done',
    'refused',
    'done',
  ]);
  assert.deepEqual(await Promise.all(['c3', 'c4'].map(stateOf)), ['done', 'refused']);
});

test('a document whose key fits no index is refused, one at the limit is not', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  // nine bytes each, percent-encoded, and 14 of the kind, the slashes and the name
  const most = Math.floor((LIMITS.documentKeyBytesMax.value - 14) / 9);
  const aDocument = (chars: number) =>
    keep('true', { tenant: '\u6c34'.repeat(120), project: '\u6c34'.repeat(chars - 120) });
  rig.journal.append(applyRecord(aDocument(most), 'fits'), applyRecord(aDocument(most + 1), 'does-not'));
  await pipeline.flush();
  assert.equal((await pipeline.stages.outcome('fits')).state, 'done');
  const refused = await pipeline.stages.outcome('does-not');
  assert.equal(refused.state, 'refused');
  assert.match(refused.detail, /at most 1360 are kept/);
});

test('versions of removed and changed documents are kept within a bound, whoever makes most of them', () => {
  const book = new StageBook();
  let offset = 0;
  const change = (payload: SampleRecord) =>
    book.change(new TextEncoder().encode(String(payload.payload)), offset++, 'ann', 0);
  const table = (name: string, size: number, tenant: string) =>
    aTable(name, `id,x\n${`${offset}`.padStart(size, 'y')},1\n`, { tenant });
  const remove = (name: string, tenant: string) =>
    changeRecord({ action: 'remove', kind: 'LookupTable', name, scope: { tenant } });
  change(applyRecord(table('small', 1_000, 'b')));
  change(applyRecord(table('small', 1_000, 'b')));
  change(remove('small', 'b'));
  for (let i = 0; i < 60; i++) {
    const name = `t${i}`;
    change(applyRecord(table(name, 700_000, 'a')));
    change(remove(name, 'a'));
  }
  for (let i = 0; i < 60; i++) change(applyRecord(table(`u${i % 4}`, 900_000, 'a')));
  const kept = book.documents;
  const sum = kept.reduce((total, { historySize }) => total + historySize, 0);
  assert.ok(sum <= LIMITS.historiesBytesMax.value, `${sum} in histories`);
  const removed = kept.filter(({ document }) => !document);
  assert.ok(removed.length <= LIMITS.removedMax.value);
  for (const { historySize, name } of removed) assert.ok(historySize <= LIMITS.removedBytesMax.value, name);
  const small = book.find({ kind: 'LookupTable', name: 'small', scope: { tenant: 'b' } });
  assert.equal(small?.versions.length, 3);
  const rows = book.takeRows().reduce((total, { body }) => total + (body?.length ?? 0), 0);
  assert.ok(rows < 2 * LIMITS.historiesBytesMax.value, `${rows} in rows`);
});

test('a pipeline that this version cannot make sets its own records aside until it is changed; nothing else waits', async () => {
  const rig = new Rig();
  {
    await using pipeline = await rig.open();
    rig.journal.append(applyRecord(keep('metrics.v > 1', { tenant: 'a' })), of('a', 3));
    await pipeline.flush();
  }
  const older = (row: StageRow): StageRow =>
    row.body === undefined ? row : { ...row, body: row.body.replace('metrics.v > 1', "device.matches('d')") };
  await using pipeline = await rig.open({ store: loading(rig, older) });
  assert.match(rig.log.map(({ message }) => message).join(), /A declared pipeline cannot be made/);
  rig.journal.append(of('a', 4), of('b', 4), applyRecord(aTable('sites', 'id,x\nd,1\n'), 'other'));
  await pipeline.flush();
  assert.deepEqual(verdicts(pipeline), [2, 0, 1]);
  assert.equal((await pipeline.stages.outcome('other')).state, 'done');
  const [letter] = await pipeline.deadLetters({ limit: 10 });
  assert.match(letter?.detail ?? '', /cannot be made by this version: .*matches is not offered/);
  rig.journal.append(
    changeRecord({ id: 'gone', action: 'remove', kind: 'Pipeline', name: 'hot', scope: { tenant: 'a' } }),
    { ...of('a', 4), kind: RECORD_KIND.replay, replayOf: Number(letter?.offset), author: 'ann' },
  );
  await pipeline.flush();
  assert.equal((await pipeline.stages.outcome('gone')).state, 'done');
  assert.deepEqual(verdicts(pipeline), [3, 0, 0]);
});

test('restore refuses a row that is no JSON, and says which', async () => {
  const rig = new Rig();
  {
    await using pipeline = await rig.open();
    rig.journal.append(applyRecord(keep('true')));
    await pipeline.flush();
  }
  const torn = (row: StageRow): StageRow =>
    row.body === undefined ? row : { ...row, body: row.body.slice(0, 20) };
  await assert.rejects(rig.open({ store: loading(rig, torn) }), {
    code: 'stages-damaged',
    message: /Pipeline\/\/\/hot version:1 holds 20 characters/,
  });
});
