import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Model } from '../../schemas.ts';
import { openScene, problemIn, type Scene, TOKEN } from '../../testing/scene.ts';

const aPipeline = (name: string, keep = 'metrics.v > 1', match = {}) => ({
  apiVersion: 'skerry.dev/v1alpha1',
  kind: 'Pipeline',
  metadata: { name },
  spec: { match, stages: [{ name: 'keep', type: 'Filter', keep }] },
});

function send(scene: Scene, method: string, path: string, body?: unknown, headers = {}, token = TOKEN) {
  return fetch(scene.api.url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

test('a pipeline is put, got with its entity tag, changed only as it was known, undone and deleted', async () => {
  await using scene = await openScene();
  const path = '/api/v1/pipelines/hot';
  assert.equal((await scene.get(path)).status, 404);
  const put = await send(scene, 'PUT', path, aPipeline('hot'), { 'if-none-match': '*' });
  assert.equal(put.status, 200);
  const tag = String(put.headers.get('etag'));
  assert.equal(
    (await send(scene, 'PUT', path, aPipeline('hot', 'metrics.v > 2'), { 'if-none-match': '*' })).status,
    412,
  );
  const got = await scene.get(path);
  assert.equal(got.headers.get('etag'), tag);
  const detail = (await got.json()) as Model<'PipelineDetail'>;
  assert.deepEqual([detail.version, detail.author, detail.inForce], [1, 'local', true]);
  const second = await send(scene, 'PUT', path, aPipeline('hot', 'metrics.v > 2'), { 'if-match': tag });
  assert.equal(second.status, 200);
  assert.equal((await send(scene, 'DELETE', path, undefined, { 'if-match': tag })).status, 412);
  const undone = await send(scene, 'POST', `${path}/undo`);
  assert.deepEqual(((await undone.json()) as Model<'PipelineDetail'>).document, detail.document);
  assert.equal((await send(scene, 'DELETE', path)).status, 200);
  assert.equal((await scene.get(path)).status, 404);
  const history: Model<'PipelineHistory'> = await scene.json(`${path}/history`);
  assert.deepEqual(
    history.items.map(({ action, of }) => [action, of]),
    [
      ['remove', 4],
      ['undo', 1],
      ['apply', 2],
      ['apply', 1],
    ],
  );
});

test('a document that cannot be taken is refused with a pointer to each fault', async () => {
  await using scene = await openScene();
  const wrong = {
    ...aPipeline('Hot'),
    spec: {
      stages: [
        { name: 'a', type: 'Filtr' },
        { name: 'b', type: 'Filter', kep: 'x' },
      ],
    },
  };
  const answer = await send(scene, 'PUT', '/api/v1/pipelines/hot', wrong);
  assert.equal(answer.status, 400);
  const { errors = [] } = await problemIn(answer);
  assert.deepEqual(
    errors.map(({ pointer }) => pointer),
    ['#/metadata/name', '#/spec/stages/0/type', '#/spec/stages/1/kep', '#/spec/stages/1/keep'],
  );
  assert.match(errors[1]?.detail ?? '', /perhaps Filter/);
  assert.match(errors[2]?.detail ?? '', /perhaps keep/);
  const other = await send(scene, 'PUT', '/api/v1/pipelines/cold', aPipeline('hot'));
  assert.equal((await problemIn(other)).errors?.[0]?.pointer, '#/metadata/name');
});

test('who has a project sees and changes the pipelines of it alone', async () => {
  await using scene = await openScene();
  await send(scene, 'PUT', '/api/v1/pipelines/all', aPipeline('all'));
  await send(
    scene,
    'PUT',
    '/api/v1/pipelines/other',
    aPipeline('other', 'true', { tenant: 't', project: 'q' }),
  );
  const grants = [{ role: 'operator', tenant: 't', project: 'p' }];
  const made = await scene.post('/api/v1/tokens', { name: 'narrow', grants });
  const token = ((await made.json()) as Model<'TokenWithSecret'>).secret;
  const mine = aPipeline('mine', 'true', { tenant: 't', project: 'p' });
  assert.equal((await send(scene, 'PUT', '/api/v1/pipelines/mine', mine, {}, token)).status, 200);
  const listed = await send(scene, 'GET', '/api/v1/pipelines', undefined, {}, token);
  const { items } = (await listed.json()) as Model<'PipelinePage'>;
  assert.deepEqual(
    items.map(({ name }) => name),
    ['mine'],
  );
  assert.equal((await send(scene, 'GET', '/api/v1/pipelines/other', undefined, {}, token)).status, 404);
  assert.equal((await send(scene, 'DELETE', '/api/v1/pipelines/all', undefined, {}, token)).status, 404);
  assert.equal(
    (await send(scene, 'PUT', '/api/v1/pipelines/mine', aPipeline('mine'), {}, token)).status,
    403,
  );
  const trial = (topic: string) =>
    send(scene, 'POST', '/api/v1/pipelines/test', { samples: [{ topic, payload: '{"v":1}' }] }, {}, token);
  assert.equal((await trial('iot/t/p/d/telemetry')).status, 200);
  assert.equal((await trial('iot/t/q/d/telemetry')).status, 403);
});

test('a name belongs to its tenant and project: nobody takes another document over, or learns of it', async () => {
  await using scene = await openScene();
  const tokenOf = async (tenant: string) => {
    const made = await scene.post('/api/v1/tokens', { name: tenant, grants: [{ role: 'operator', tenant }] });
    return ((await made.json()) as Model<'TokenWithSecret'>).secret;
  };
  const [ann, bob] = [await tokenOf('a'), await tokenOf('b')];
  const path = '/api/v1/pipelines/hot';
  const put = (token: string, tenant: string, keep = 'true') =>
    send(scene, 'PUT', path, aPipeline('hot', keep, { tenant }), {}, token);
  const both = await Promise.all([put(ann, 'a'), put(bob, 'b')]);
  assert.deepEqual(
    both.map(({ status }) => status),
    [200, 200],
  );
  const tenantOf = async (token: string, query = '') => {
    const answer = await send(scene, 'GET', `${path}${query}`, undefined, {}, token);
    return answer.status === 200 ? ((await answer.json()) as Model<'PipelineDetail'>).tenant : answer.status;
  };
  assert.deepEqual([await tenantOf(ann), await tenantOf(bob)], ['a', 'b']);
  assert.deepEqual([await tenantOf(ann, '?tenant=b'), await tenantOf(ann, '?tenant=')], [404, 404]);
  const { detail, code } = await problemIn(await scene.get(path));
  assert.equal(code, 'invalid-request');
  assert.match(detail, /tenant=a&project= or tenant=b&project=/);
  assert.equal(await tenantOf(TOKEN, '?tenant=b'), 'b');
  assert.equal((await put(bob, 'a')).status, 403);
  assert.equal((await send(scene, 'DELETE', `${path}?tenant=a`, undefined, {}, bob)).status, 404);
  assert.equal((await send(scene, 'DELETE', path, undefined, {}, bob)).status, 200);
  assert.equal(await tenantOf(TOKEN), 'a');
  const history = await send(scene, 'GET', `${path}/history`, undefined, {}, bob);
  const { items } = (await history.json()) as Model<'PipelineHistory'>;
  assert.deepEqual(
    items.map(({ action }) => action),
    ['remove', 'apply'],
  );
  assert.equal((await put(ann, 'a', 'false')).status, 200);
  assert.equal((await send(scene, 'POST', `${path}/undo`, undefined, {}, bob)).status, 200);
});

test('a change that was overtaken by another one of the same document is refused', async () => {
  await using scene = await openScene();
  const { stages } = scene.platform;
  const get = stages.get.bind(stages);
  const bothKnow = Promise.withResolvers<void>();
  let asked = 0;
  stages.get = async (...place) => {
    const found = await get(...place);
    if (++asked === 2) bothKnow.resolve();
    await bothKnow.promise;
    return found;
  };
  const both = await Promise.all(
    ['true', 'false'].map((keep) => send(scene, 'PUT', '/api/v1/pipelines/hot', aPipeline('hot', keep))),
  );
  assert.deepEqual(both.map(({ status }) => status).sort(), [200, 409]);
});

test('a trial takes texts, base64, JSON and dead letters', async () => {
  await using scene = await openScene();
  const topic = 'iot/t/p/d/telemetry';
  scene.platform.ingest([
    {
      tenant: 't',
      project: 'p',
      device: 'd',
      values: undefined,
      payload: new TextEncoder().encode('{"v":4}'),
    },
  ]);
  const samples = [
    { topic, payload: '{"v":1}' },
    { topic, payload: Buffer.from('{"v":2}').toString('base64'), encoding: 'base64' },
    { topic, payload: { v: 3 }, encoding: 'json' },
    { deadLetter: 0 },
  ];
  const answer = await scene.post('/api/v1/pipelines/test', { document: aPipeline('hot'), samples });
  const { items } = (await answer.json()) as Model<'PipelineTrialOutcome'>;
  assert.deepEqual(
    items.map(({ outputs }) => outputs[0]?.metrics),
    [{ v: 1 }, { v: 2 }, { v: 3 }, { v: 4 }],
  );
  const missing = await scene.post('/api/v1/pipelines/test', { samples: [{ topic }] });
  assert.equal((await problemIn(missing)).errors?.[0]?.pointer, '#/samples/0/payload');
  assert.equal((await scene.post('/api/v1/pipelines/test', { samples: [{ deadLetter: 9 }] })).status, 404);
});

test('a shadow run is asked for by offsets, times or the newest records', async () => {
  await using scene = await openScene();
  scene.platform.stages.recorded = 50;
  const run = async (range: object) => {
    const answer = await scene.post('/api/v1/pipelines/shadow', { document: aPipeline('hot'), ...range });
    return (await answer.json()) as Model<'PipelineShadowReport'>;
  };
  assert.equal((await run({ lastRecords: 5 })).records, 5);
  assert.equal((await run({ fromOffset: 10, toOffset: 30 })).records, 20);
  const wrong = await scene.post('/api/v1/pipelines/shadow', {
    document: aPipeline('hot'),
    from: 'yesterday',
  });
  assert.equal((await problemIn(wrong)).errors?.[0]?.pointer, '#/from');
});

test('a lookup table may be larger than other bodies, up to its own limit', async () => {
  await using scene = await openScene();
  const table = (rows: number) => ({
    apiVersion: 'skerry.dev/v1alpha1',
    kind: 'LookupTable',
    metadata: { name: 'sites' },
    spec: { csv: `id,site\n${Array.from({ length: rows }, (_, i) => `device-${i},site-${i}`).join('\n')}` },
  });
  const put = (rows: number) => send(scene, 'PUT', '/api/v1/pipelines/sites', table(rows));
  assert.equal((await put(10_000)).status, 200);
  assert.equal((await put(60_000)).status, 413);
  assert.equal((await scene.get('/api/v1/pipelines/sites')).status, 404);
  const got: Model<'PipelineDetail'> = await scene.json('/api/v1/pipelines/sites?kind=LookupTable');
  assert.equal(got.version, 1);
});

test('putPipeline keeps the text that a document was written as, and leaves it out when the document alone has changed', async () => {
  await using scene = await openScene();
  const path = '/api/v1/pipelines/hot';
  const source = { 'skerry.dev/source': '# why\nkind: Pipeline\n' };
  const written = (keep: string, annotations: object) => ({
    ...aPipeline('hot', keep),
    metadata: { name: 'hot', annotations },
  });
  const metadata = async () =>
    (await scene.json<Model<'PipelineDetail'>>(path)).document?.metadata as { readonly annotations?: object }; // as it was put
  await send(scene, 'PUT', path, written('metrics.v > 1', { ...source, team: 'a' }));
  assert.deepEqual(await metadata(), { name: 'hot', annotations: { ...source, team: 'a' } });
  await send(scene, 'PUT', path, written('metrics.v > 2', { ...source, team: 'a' }));
  assert.deepEqual(await metadata(), { name: 'hot', annotations: { team: 'a' } });
  await send(scene, 'PUT', path, written('metrics.v > 2', source));
  await send(scene, 'PUT', path, written('metrics.v > 2', source));
  assert.deepEqual(await metadata(), { name: 'hot', annotations: source });
  assert.equal((await send(scene, 'PUT', path, written('metrics.v > 2', { team: 7 }))).status, 400);
});
