import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../schemas.ts';
import { openScene } from '../../testing/scene.ts';

const KEY = { tenant: 't', project: 'p', device: 'd' };

test('getDeadLetter shows bytes in base64 and hex, and as text only when they are UTF-8', async () => {
  await using scene = await openScene();
  scene.platform.ingest([
    { ...KEY, values: undefined, payload: new TextEncoder().encode('{"a":ü') },
    { ...KEY, values: undefined, payload: Uint8Array.of(0xc3, 0x28) },
    { ...KEY, values: undefined, payload: new Uint8Array(5_000) },
  ]);
  const show = (offset: number) => scene.json<Model<'DeadLetterDetail'>>(`/api/v1/dead-letters/${offset}`);
  const first = await show(0);
  assert.equal(first.payload.text, '{"a":ü');
  assert.equal(first.payload.base64, Buffer.from('{"a":ü').toString('base64'));
  assert.deepEqual((await show(1)).payload, {
    base64: 'wyg=',
    text: null,
    hex: 'c328',
    hexTruncated: false,
  });
  const long = await show(2);
  assert.equal(long.payload.hex.length, 8_192);
  assert.equal(long.payload.hexTruncated, true);
});

test('listDeadLetters narrows and pages by offset', async () => {
  await using scene = await openScene();
  scene.platform.ingest(
    Array.from({ length: 10 }, (_, i) => ({ ...KEY, device: `d${i % 2}`, values: undefined })),
  );
  await scene.post('/api/v1/dead-letters/4/discard');
  const offsets: number[] = [];
  let cursor = '';
  do {
    const page: Model<'DeadLetterPage'> = await scene.json(
      `/api/v1/dead-letters?device=d0&state=open&limit=2${cursor}`,
    );
    offsets.push(...page.items.map((item) => item.offset));
    cursor = page.cursor ? `&cursor=${page.cursor}` : '';
  } while (cursor);
  assert.deepEqual(offsets, [0, 2, 6, 8]);
});

test('countDeadLetters counts the open ones by reason, in what is asked for and only where the asker may see', async () => {
  await using scene = await openScene();
  scene.platform.ingest(
    Array.from({ length: 10 }, (_, i) => ({
      ...KEY,
      project: `p${i % 2}`,
      device: `d${i}`,
      values: undefined,
    })),
  );
  await scene.post('/api/v1/dead-letters/4/discard');
  const ask = (query: string) =>
    scene.json<Model<'DeadLetterReasons'>>(`/api/v1/dead-letters/reasons${query}`);
  const all = await ask('');
  assert.equal(all.open, 9);
  assert.deepEqual(
    all.reasons.filter(({ open }) => open > 0),
    [{ reason: 'undecodable', open: 9 }],
  );
  assert.equal(all.reasons.length, 6);
  assert.equal((await ask('?project=p0')).open, 4);
  assert.equal((await ask('?device=d3')).open, 1);
  const grants = [{ role: 'viewer', tenant: 't', project: 'p1' }];
  const made = (await (await scene.post('/api/v1/tokens', { name: 'narrow', grants })).json()) as {
    readonly secret: string;
  };
  const seen = await scene.get('/api/v1/dead-letters/reasons', { authorization: `Bearer ${made.secret}` });
  assert.equal(((await seen.json()) as Model<'DeadLetterReasons'>).open, 5);
});

test('replayDeadLetters takes a filter, is harmless twice and names its author', async () => {
  await using scene = await openScene();
  scene.platform.ingest(
    Array.from({ length: 4 }, (_, i) => ({ ...KEY, device: `d${i}`, values: undefined })),
  );
  const first = await scene.post('/api/v1/dead-letters/replay', { device: 'd1' });
  assert.deepEqual(await first.json(), { changed: 1, failedAgain: 0, undecided: 0, unchanged: 0 });
  const second = await scene.post('/api/v1/dead-letters/replay', { tenant: 't' });
  assert.deepEqual(await second.json(), { changed: 3, failedAgain: 0, undecided: 0, unchanged: 1 });
  assert.equal((await scene.platform.deadLetter(1))?.author, 'local');
  const ledger: Model<'Ledger'> = await scene.json('/api/v1/ledger');
  assert.equal(ledger.balanced, true);
  assert.equal(ledger.totals.stored, 4);
});

test('replayDeadLetters tells apart what was processed and what failed again and stays open', async () => {
  await using scene = await openScene();
  scene.platform.ingest(Array.from({ length: 3 }, () => ({ ...KEY, values: undefined })));
  scene.platform.failsAgain.add(1).add(2);
  const outcome = await scene.post('/api/v1/dead-letters/replay', { all: true });
  assert.deepEqual(await outcome.json(), { changed: 1, failedAgain: 2, undecided: 0, unchanged: 0 });
  const open = await scene.json<Model<'DeadLetterPage'>>('/api/v1/dead-letters?state=open');
  assert.deepEqual(
    open.items.map(({ offset }) => offset),
    [1, 2],
  );
});

test('replayDeadLetters and discardDeadLetters want a narrowing or all, and touch nothing without', async () => {
  await using scene = await openScene();
  scene.platform.ingest([
    { ...KEY, values: undefined },
    { ...KEY, project: 'q', values: undefined },
  ]);
  for (const act of ['replay', 'discard']) {
    for (const body of [{}, { all: false }]) {
      const refused = await scene.post(`/api/v1/dead-letters/${act}`, body);
      const problem = (await refused.json()) as { code: string; detail: string };
      assert.deepEqual([refused.status, problem.code], [400, 'invalid-request']);
      assert.match(problem.detail, /names no dead letters: wanted reason, .* or "all": true/);
    }
    assert.equal((await scene.post(`/api/v1/dead-letters/${act}`, { all: 1 })).status, 400);
  }
  const open = await scene.json<Model<'DeadLetterPage'>>('/api/v1/dead-letters?state=open');
  assert.equal(open.items.length, 2);
  const narrowed = await scene.post('/api/v1/dead-letters/discard', { all: true, project: 'q' });
  assert.deepEqual(await narrowed.json(), { changed: 1, failedAgain: 0, undecided: 0, unchanged: 0 });
  const rest = await scene.post('/api/v1/dead-letters/replay', { all: true });
  assert.deepEqual(await rest.json(), { changed: 1, failedAgain: 0, undecided: 0, unchanged: 1 });
});

test('discardDeadLetter of an offset without a dead letter is not found', async () => {
  await using scene = await openScene();
  assert.equal((await scene.post('/api/v1/dead-letters/17/discard')).status, 404);
  assert.equal((await scene.post('/api/v1/dead-letters/x/discard')).status, 400);
});
