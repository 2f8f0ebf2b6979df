import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openIsland, runLine } from './testing/island.ts';

const KEY = { tenant: 't', project: 'p', device: 'd' };
const ZEROS = { deduplicated: 0, filtered: 0, discarded: 0, expired: 0, pending: 0 };

test('ledger -o json prints exactly the totals, balanced, and the projects with their eight accounts', async () => {
  await using island = await openIsland();
  island.scene.platform.ingest([
    { ...KEY, values: { v: 1 } },
    { ...KEY, values: { v: 2 } },
  ]);
  island.scene.platform.ingest([{ ...KEY, project: 'q', values: undefined }]);
  const { code, out, err } = await island.skerry('ledger -o json');
  assert.equal(
    out,
    `${JSON.stringify({
      totals: {
        received: 3,
        stored: 2,
        deduplicated: 0,
        filtered: 0,
        deadLettered: 1,
        discarded: 0,
        expired: 0,
        pending: 0,
      },
      balanced: true,
      projects: [
        {
          tenant: 't',
          project: 'p',
          received: 2,
          stored: 2,
          deduplicated: 0,
          filtered: 0,
          deadLettered: 0,
          discarded: 0,
          expired: 0,
          pending: 0,
        },
        {
          tenant: 't',
          project: 'q',
          received: 1,
          stored: 0,
          deduplicated: 0,
          filtered: 0,
          deadLettered: 1,
          discarded: 0,
          expired: 0,
          pending: 0,
        },
      ],
    })}\n`,
  );
  assert.equal(code, 0);
  assert.equal(err, 'Every record received is accounted for.\n');
});

test('ledger prints a line of totals in a table, one line a project as ndjson, and YAML', async () => {
  await using island = await openIsland();
  island.scene.platform.ingest([{ ...KEY, values: { v: 1 } }]);
  const { out } = await island.skerry('ledger');
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => line.split(/ +/));
  assert.deepEqual(lines, [
    [
      'TENANT',
      'PROJECT',
      'RECEIVED',
      'STORED',
      'DEDUPLICATED',
      'FILTERED',
      'DEAD-LETTERED',
      'DISCARDED',
      'EXPIRED',
      'PENDING',
    ],
    ['t', 'p', '1', '1', '0', '0', '0', '0', '0', '0'],
    ['all', '1', '1', '0', '0', '0', '0', '0', '0'],
  ]);
  const ndjson = await island.skerry('ledger -o ndjson');
  assert.deepEqual(JSON.parse(ndjson.out), {
    tenant: 't',
    project: 'p',
    received: 1,
    stored: 1,
    deadLettered: 0,
    ...ZEROS,
  });
  assert.match(
    (await island.skerry('ledger -o yaml')).out,
    /^totals:\n {2}received: 1\n[\s\S]*balanced: true\nprojects:\n {2}- tenant: t\n/,
  );
});

test('ledger ends with 1 and says what is off when it does not balance', async () => {
  await using island = await openIsland();
  island.scene.platform.ingest([{ ...KEY, values: { v: 1 } }]);
  island.scene.platform.miscount = 2;
  const { code, out, err } = await island.skerry('ledger -o json');
  assert.equal(code, 1);
  assert.equal(JSON.parse(out).balanced, false);
  assert.match(err, /differs from the sum of the accounts by -2\n.*does NOT balance.*--audit/);
});

test('ledger --audit tells its progress on a terminal, its finding, and ends with 1 when there is one', async () => {
  await using island = await openIsland();
  island.scene.platform.ingest(Array.from({ length: 1_500 }, () => ({ ...KEY, values: { v: 1 } })));
  const clean = await island.skerry('ledger --audit', { isTerminal: true });
  assert.equal(clean.code, 0);
  assert.equal(clean.out, 'Recounted 1500 records at offsets 0 to 1500: journal, store and ledger agree.\n');
  assert.match(clean.err, /\[-+\] +0 % 0 of 1500 records recounted/);
  island.scene.platform.miscount = 1;
  const off = await island.skerry('ledger --audit');
  assert.equal(off.code, 1);
  assert.match(off.out, /^OFFSET +TENANT.*FINDING\n +- .*differs from the sum[\s\S]*NOT in order\.\n$/);
  const json = await island.skerry('ledger --audit -o json');
  assert.equal(json.code, 1);
  assert.equal(JSON.parse(json.out).findings.length, 1);
  assert.equal(JSON.parse(json.out).totals.received, 1_500);
});

test('ledger gaps prints the bounds of what devices left out', async () => {
  await using island = await openIsland();
  for (const seq of [1, 2, 7]) island.scene.platform.ingest([{ ...KEY, seq, values: { v: 1 } }]);
  const { code, out } = await island.skerry('ledger gaps -o json');
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(out), [{ ...KEY, epoch: '1', from: 3, to: 6 }]);
  assert.match((await island.skerry('ledger gaps --device other')).out, /^TENANT.*MISSING\n$/);
});

test('ledger says which data folder has no instance, and which command starts one', async () => {
  const { code, out, err } = await runLine(['ledger', '--data-dir', '/nonexistent/x']);
  assert.equal(code, 5);
  assert.equal(out, '');
  assert.match(err, /data folder \/nonexistent\/x\. Start one with npx skerry up.*\[not-running\]\n$/);
});

test('ledger says that nothing answers when the instance is gone but its file is there', async () => {
  await using island = await openIsland();
  await island.scene.api[Symbol.asyncDispose]();
  const { code, err } = await island.skerry('ledger');
  assert.equal(code, 5);
  assert.match(
    err,
    /nothing answers at http:\/\/127\.0\.0\.1:\d+\. npx skerry doctor looks for the cause\. \[unreachable\]\n$/,
  );
});
