import assert from 'node:assert/strict';
import { mkdtempDisposableSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openIsland } from './testing/island.ts';

const HOT = `apiVersion: skerry.dev/v1alpha1
kind: Pipeline
metadata: { name: hot }
spec:
  match: { tenant: acme }
  stages: [{ name: keep, type: Filter, keep: metrics.t > 1 }]
`;
const SITES = `apiVersion: skerry.dev/v1alpha1
kind: LookupTable
metadata: { name: sites }
spec:
  csv: |
    id,site
    d,north
`;

async function aScene() {
  const folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-pipeline-'));
  const island = await openIsland();
  const file = (name: string, text: string): string => {
    const path = join(folder.path, name);
    writeFileSync(path, text);
    return path;
  };
  return {
    island,
    file,
    [Symbol.asyncDispose]: async () => {
      await island[Symbol.asyncDispose]();
      folder.remove();
    },
  };
}

test('pipeline apply takes every document of a file; get prints what can be applied again', async () => {
  await using scene = await aScene();
  const { island, file } = scene;
  const both = file('both.yaml', `${SITES}---\n${HOT}`);
  const applied = await island.skerry(`pipeline apply -f ${both}`);
  assert.equal(applied.code, 0);
  assert.match(
    applied.err,
    /^LookupTable sites: version 1 is in force.*\nPipeline hot: version 1 is in force/,
  );
  const got = await island.skerry('pipeline get hot');
  const again = await island.skerry(`pipeline apply -f ${file('again.yaml', got.out)}`);
  assert.equal(again.code, 0, again.err);
  const listed = await island.skerry('pipeline list -o json');
  assert.deepEqual(
    (JSON.parse(listed.out) as { items: { name: string; kind: string }[] }).items.map(({ name }) => name),
    ['sites', 'hot'],
  );
  assert.match((await island.skerry('pipeline list')).out, /sites +everything[\s\S]*hot +acme/);
});

test('pipeline apply keeps the text of each document with its comments: get prints it, as often as it is applied again', async () => {
  await using scene = await aScene();
  const { island, file } = scene;
  const hot = `# warm ones alone\n${HOT}# until the filter is mended\n`;
  const sites = `# as of May\n${SITES}`;
  await island.skerry(`pipeline apply -f ${file('both.yaml', `${sites}---\n${hot}`)}`);
  for (let turn = 0; turn < 3; turn++) {
    const got = await island.skerry('pipeline get hot');
    assert.equal(got.out, hot);
    await island.skerry(`pipeline apply -f ${file('again.yaml', got.out)}`);
  }
  assert.equal((await island.skerry('pipeline get sites --kind LookupTable')).out, sites);
  const detail = JSON.parse((await island.skerry('pipeline get hot -o json')).out);
  assert.deepEqual(detail.document.metadata.annotations, { 'skerry.dev/source': hot });
  const own = HOT.replace('name: hot', "name: hot, annotations: { skerry.dev/source: 'kind: other' }");
  await island.skerry(`pipeline apply -f ${file('own.yaml', own)}`);
  const plain = await island.skerry('pipeline get hot');
  assert.match(plain.out, /^apiVersion: /, 'a text that says something else is not the document');
  assert.doesNotMatch(plain.out, /source|other/);
});

test('pipeline apply leaves the text out where the document would be larger with it than what is taken', async () => {
  await using scene = await aScene();
  const { island, file } = scene;
  const rows = Array.from({ length: 60_000 }, (_, i) => `    d${i},site`).join('\n');
  const large = `# large\n${SITES}${rows}\n`;
  const applied = await island.skerry(`pipeline apply -f ${file('large.yaml', large)}`);
  assert.equal(applied.code, 0, applied.err);
  const got = await island.skerry('pipeline get sites --kind LookupTable');
  assert.doesNotMatch(got.out, /large|source/);
  assert.match(got.out, /d59999,site/);
});

test('pipeline delete, undo and history tell what is in force and how to go back', async () => {
  await using scene = await aScene();
  const { island, file } = scene;
  await island.skerry(`pipeline apply -f ${file('hot.yaml', HOT)}`);
  const gone = await island.skerry('pipeline delete hot');
  assert.match(gone.err, /Pipeline hot is out of force\. Unless it was large, skerry pipeline undo hot/);
  assert.match((await island.skerry('pipeline list')).err, /No pipeline is declared/);
  const undone = await island.skerry('pipeline undo hot');
  assert.match(undone.err, /Pipeline hot: version 3 is in force, as it was before/);
  const history = await island.skerry('pipeline history hot');
  assert.match(history.out, /3 .*local +undo to version 1[\s\S]*2 .*local +remove[\s\S]*1 .*local +apply/);
  assert.match((await island.skerry('pipeline history hot -o ndjson')).out, /"version":3/);
});

test('pipeline test takes lines of JSON or one payload; shadow prints both sides', async () => {
  await using scene = await aScene();
  const { island, file } = scene;
  const hot = file('hot.yaml', HOT);
  const topic = 'iot/acme/p/d/telemetry';
  const lines = file('samples.jsonl', `${JSON.stringify({ topic, payload: { t: 3 } })}\n\n`);
  const tried = await island.skerry(`pipeline test -f ${hot} --sample ${lines}`);
  assert.match(tried.out, /^iot\/acme\/p\/d\/telemetry: stored\n[\s\S]*d at .*: t=3/);
  const payload = file('payload.json', '{"t":4}');
  const one = await island.skerry(`pipeline test --sample ${payload} --topic ${topic} -o json`);
  assert.deepEqual(JSON.parse(one.out).items[0].outputs[0].metrics, { t: 4 });
  island.scene.platform.stages.recorded = 7;
  const shadow = await island.skerry(`pipeline shadow -f ${hot} --last 5`);
  assert.match(shadow.out, /^5 records of the offsets 2 to 7[\s\S]*stored +5 +5\n/);
});

test('what is no document and no sample is said with its place, before anything is asked for', async () => {
  await using scene = await aScene();
  const { island, file } = scene;
  for (const [line, words] of [
    [`pipeline apply -f ${file('a.yaml', 'a: [')}`, /a\.yaml: document 1 is no YAML/],
    [`pipeline apply -f ${file('b.yaml', 'kind: Pipeline')}`, /b\.yaml: document 1 has no metadata\.name/],
    [`pipeline apply -f ${file('c.yaml', '')}`, /c\.yaml holds no document/],
    ['pipeline apply -f missing.yaml', /missing\.yaml cannot be read/],
    [`pipeline test --sample ${file('d.jsonl', '{"x":1}')}`, /d\.jsonl:1 has neither topic nor deadLetter/],
    ['pipeline test', /wants --sample FILE or --dead-letter OFFSET/],
    [`pipeline shadow -f ${file('e.yaml', `${SITES}---\n${HOT}`)}`, /e\.yaml holds 2 documents, wanted one/],
  ] as const) {
    const said = await island.skerry(line);
    assert.notEqual(said.code, 0, line);
    assert.match(said.err, words);
  }
});

test('pipeline apply refuses a file that would grow without bound, and one without end', async () => {
  await using scene = await aScene();
  const { island, file } = scene;
  const levels = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i},`.repeat(9)}]`);
  const bomb = file('bomb.yaml', `a0: &a0 x\n${levels.join('\n')}\n`);
  const refused = await island.skerry(`pipeline apply -f ${bomb}`);
  assert.equal(refused.code, 2);
  assert.match(refused.err, /bomb.yaml: document 1 cannot be read: .*alias.*\[usage\]/s);
  for (const command of ['apply -f /dev/zero', 'test --topic iot/t/p/d/telemetry --sample /dev/zero']) {
    const endless = await island.skerry(`pipeline ${command}`);
    assert.equal(endless.code, 2);
    assert.match(endless.err, /\/dev\/zero has more than 16777216 bytes/);
  }
});

test('pipeline get and delete take the document of a tenant where several have the name', async () => {
  await using scene = await aScene();
  const { island, file } = scene;
  const both = file('both.yaml', `${HOT}---\n${HOT.replace('acme', 'other')}`);
  assert.equal((await island.skerry(`pipeline apply -f ${both}`)).code, 0);
  const several = await island.skerry('pipeline get hot');
  assert.match(several.err, /tenant=acme&project= or tenant=other&project=/);
  assert.match((await island.skerry('pipeline get hot --tenant other')).out, /tenant: other/);
  assert.equal((await island.skerry('pipeline delete hot --tenant other')).code, 0);
  assert.match((await island.skerry('pipeline get hot')).out, /tenant: acme/);
});
