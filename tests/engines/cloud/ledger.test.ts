// The ledger over roles: what gateways told, what lies in between, and what writers judged, each from its own source.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { PROJECT, Site, TENANT } from './site.ts';

const RECORDS = 400;
let site: Site;

before(async () => {
  site = await Site.start({ gateways: 2, writers: 1, partitions: 3 });
});
after(() => site?.[Symbol.asyncDispose]());

function someRecords(from: number): [string, string][] {
  return Array.from({ length: RECORDS }, (_, i) => [`d-${i % 7}`, JSON.stringify({ value: from + i })]);
}

/** Waits until everything that was published is told of and judged. */
async function settled(received: number): Promise<void> {
  await site.until(`${received} records are received and none is pending`, async () => {
    const { totals } = await site.ledger();
    return totals.received === received && totals.pending === 0;
  });
}

test('the ledger balances: gateways received what the writers judged', async () => {
  await site.publish(someRecords(0));
  await site.publish([['d-0', '{broken']]);
  await settled(RECORDS + 1);
  const { totals, balanced, imbalances, projects, notes } = await site.ledger();
  assert.deepEqual([balanced, imbalances, notes], [true, [], []]);
  assert.deepEqual([totals.stored, totals.deadLettered], [RECORDS, 1]);
  const [one] = projects;
  assert.deepEqual(
    [projects.length, one?.tenant, one?.project, one?.received],
    [1, TENANT, PROJECT, RECORDS + 1],
  );
  const told = await site.sql('SELECT count(*), sum(received) FROM skerry.gateway_accounts');
  assert.equal(told, `2|${RECORDS + 1}`, 'two gateways shared them');
  const overview = (await site.ask('/api/v1/overview')) as { ledger: { balanced: boolean } };
  assert.equal(overview.ledger.balanced, true);
});

test('what waits in Kafka and in a gateway is pending, and it balances', async () => {
  const [writer] = site.stack.writers;
  await writer?.stop();
  await site.publish(someRecords(1_000));
  await site.until('the gateways have told of all', async () => {
    const { totals } = await site.ledger();
    return totals.received === 2 * RECORDS + 1;
  });
  const waiting = await site.ledger();
  assert.deepEqual([waiting.imbalances, waiting.totals.pending], [[], RECORDS]);
  assert.ok(waiting.journalPending >= RECORDS, String(waiting.journalPending));
  await writer?.restart();
  await settled(2 * RECORDS + 1);
});

test('a row that somebody removes is named: of a gateway, of a verdict, of a position', async () => {
  const names = async (change: string, undo: string, wanted: RegExp) => {
    await site.sql(change);
    try {
      await site.until(`${change} is named`, async () =>
        wanted.test((await site.ledger()).imbalances.join('\n')),
      );
      assert.equal((await site.ledger()).balanced, false);
    } finally {
      await site.sql(undo);
    }
    await site.until('it balances again', async () => (await site.ledger()).balanced);
  };
  await site.sql('CREATE TABLE kept AS SELECT * FROM skerry.gateway_accounts ORDER BY journal LIMIT 1');
  const lost = await site.sql('SELECT received FROM kept');
  await names(
    'DELETE FROM skerry.gateway_accounts a USING kept k WHERE a.journal = k.journal',
    'INSERT INTO skerry.gateway_accounts SELECT * FROM kept',
    new RegExp(`Project ${TENANT}/${PROJECT} has .* that gateways received: ${lost} too many`),
  );
  await site.sql('CREATE TABLE kept_verdicts AS SELECT * FROM skerry.verdicts WHERE stored > 0 LIMIT 1');
  await names(
    'DELETE FROM skerry.verdicts v USING kept_verdicts k WHERE v.source = k.source AND v.project = k.project',
    'INSERT INTO skerry.verdicts SELECT * FROM kept_verdicts',
    /records are pending .* and 0 at most lie in .*: \d+ are missing/,
  );
});

test('a gateway that is killed and comes back has told nothing twice', async () => {
  const [gateway] = site.stack.gateways;
  await gateway?.kill();
  await site.publish(someRecords(2_000));
  await gateway?.restart();
  await settled(3 * RECORDS + 1);
  assert.deepEqual((await site.ledger()).imbalances, []);
  await gateway?.stop();
  assert.equal(await site.sql('SELECT count(*) FROM skerry.gateway_journals WHERE ended'), '1');
});
