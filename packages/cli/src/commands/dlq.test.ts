import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Island, openIsland } from './testing/island.ts';

const BAD = new TextEncoder().encode('{"flow":\u001b[2J 風}');

/** Two letters of the project p and one of q, at the offsets 0, 1 and 2. */
async function anIsland(): Promise<Island> {
  const island = await openIsland();
  const key = { tenant: 't', project: 'p', device: 'd', values: undefined };
  island.scene.platform.ingest([
    { ...key, payload: BAD },
    { ...key, payload: Uint8Array.of(0xff, 0x41) },
    { ...key, project: 'q' },
  ]);
  return island;
}

const statesOf = async (island: Island): Promise<string[]> =>
  (JSON.parse((await island.skerry('dlq list --state all -o json')).out) as { state: string }[]).map(
    (one) => one.state,
  );

test('dlq list prints the open letters, and with --state all every one', async () => {
  await using island = await anIsland();
  await island.skerry('dlq discard 1');
  const open = await island.skerry('dlq list');
  assert.equal(open.code, 0);
  assert.deepEqual(
    open.out.split('\n').map((line) => line.trim().split(/ +/)[0]),
    ['OFFSET', '0', '2', ''],
  );
  assert.deepEqual(await statesOf(island), ['open', 'discarded', 'open']);
  const wide = await island.skerry('dlq list --state discarded -o wide');
  assert.match(wide.out, /AUTHOR[\s\S]*local/);
  const none = await island.skerry('dlq list --reason series-limit');
  assert.equal(none.err, 'No dead letter fits.\n');
});

test('dlq list --by-reason counts the open letters of every reason, and refuses a state or a reason beside it', async () => {
  await using island = await anIsland();
  await island.skerry('dlq discard 1');
  const counts = await island.skerry('dlq list --by-reason -o json');
  const rows = JSON.parse(counts.out) as { readonly reason: string; readonly open: number }[];
  assert.equal(rows.length, 6);
  assert.deepEqual(
    rows.filter(({ open }) => open > 0),
    [{ reason: 'undecodable', open: 2 }],
  );
  assert.match((await island.skerry('dlq list --by-reason')).out, /undecodable +2/);
  const refused = await island.skerry('dlq list --by-reason --state all');
  assert.equal(refused.code, 2);
  assert.match(refused.err, /wanted neither/);
});

test('dlq list paints the state on a terminal only, and never with NO_COLOR', async () => {
  await using island = await anIsland();
  assert.ok((await island.skerry('dlq list', { isTerminal: true })).out.includes('\u001b[33mopen\u001b[0m'));
  assert.ok(!(await island.skerry('dlq list')).out.includes('\u001b'));
  const plain = await island.skerry('dlq list', { isTerminal: true, environment: { NO_COLOR: '1' } });
  assert.ok(!plain.out.includes('\u001b'));
});

test('dlq show prints the bytes as text, with control characters escaped, and in hex', async () => {
  await using island = await anIsland();
  const { code, out } = await island.skerry('dlq show 0');
  assert.equal(code, 0);
  assert.match(out, /reason +undecodable \(stage decode\): byte 0: found no JSON value/);
  assert.ok(out.includes('TEXT\n{"flow":\\x1b[2J 風}\n'));
  assert.ok(
    out.endsWith(
      'HEX\n00000000  7b 22 66 6c 6f 77 22 3a  1b 5b 32 4a 20 e9 a2 a8  |{"flow":.[2J ...|\n' +
        '00000010  7d                                                |}|\n',
    ),
  );
  assert.match((await island.skerry('dlq show 1')).out, /TEXT\nnot UTF-8\n/);
  const json = JSON.parse((await island.skerry('dlq show 1 -o json')).out);
  assert.deepEqual([json.payload.base64, json.payload.text, json.payload.hex], ['/0E=', null, 'ff41']);
});

test('dlq replay and discard take offsets, filters or --all, and twice changes nothing', async () => {
  await using island = await anIsland();
  const one = await island.skerry('dlq replay 1 -o json');
  assert.equal(one.out, '{"changed":1,"failedAgain":0,"undecided":0,"unchanged":0}\n');
  const again = await island.skerry('dlq replay 1 -o json');
  assert.deepEqual(
    [again.code, again.out],
    [0, '{"changed":0,"failedAgain":0,"undecided":0,"unchanged":1}\n'],
  );
  const filtered = await island.skerry('dlq discard --project q');
  assert.match(filtered.out, /DISCARDED +UNDECIDED +UNCHANGED\n +1 +0 +0\n/);
  assert.match(filtered.err, /^1 letter is discarded, 0 were not open.*author is local/);
  assert.deepEqual(await statesOf(island), ['open', 'replayed', 'discarded']);
  island.scene.platform.failsAgain.add(0);
  const refused = await island.skerry('dlq replay 0');
  assert.match(refused.out, /^PROCESSED +FAILED AGAIN +UNDECIDED +UNCHANGED\n +0 +1 +0 +0\n/);
  assert.match(
    refused.err,
    /^0 letters went through the pipeline, 1 failed again, 0 were.*\nWhat is refused again stays open; skerry dlq show 0 shows/,
  );
  island.scene.platform.failsAgain.clear();
  const taken = await island.skerry('dlq replay 0');
  assert.match(taken.err, /^1 letter went through the pipeline, 0 failed again/);
  assert.doesNotMatch(taken.err, /What is refused/);
  assert.equal(
    (await island.skerry('dlq replay --all -o json')).out,
    '{"changed":0,"failedAgain":0,"undecided":0,"unchanged":3}\n',
  );
  const letter = JSON.parse((await island.skerry('dlq show 2 -o json')).out);
  assert.deepEqual([letter.state, letter.author], ['discarded', 'local']);
});

test('dlq says what it wanted and touches nothing when it was not said what is meant', async () => {
  await using island = await anIsland();
  const cases: [string, number, RegExp][] = [
    ['dlq replay', 2, /wants offsets, or flags that narrow, or --all/],
    ['dlq discard 1 --all', 2, /wanted one or the other/],
    ['dlq discard one', 2, /Found "one", wanted an offset/],
    ['dlq show 99', 9, /no dead letter has the offset 99\. npx skerry dlq list --state all.*\[not-found\]/],
    ['dlq replay 99', 9, /no dead letter has the offset 99/],
  ];
  for (const [line, code, message] of cases) {
    const said = await island.skerry(line);
    assert.equal(said.code, code, line);
    assert.match(said.err, message, line);
  }
  assert.deepEqual(await statesOf(island), ['open', 'open', 'open']);
});

test('dlq replay is refused with a token that is not that of the instance', async () => {
  await using island = await openIsland({ token: 'another' });
  const { code, err } = await island.skerry('dlq replay --all');
  assert.equal(code, 4);
  assert.match(err, /\[token-refused\]/);
});
