// Dead letters of a larger site, changed at the cloud and judged by the writers of their partitions.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Site } from './site.ts';

const DEVICES = 12;
let site: Site;

before(async () => {
  site = await Site.start({ gateways: 1, writers: 2, partitions: 4 });
});
after(() => site?.[Symbol.asyncDispose]());

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

/** Of the open ones, or of one. */
async function change(what: 'replay' | 'discard', offset?: number): Promise<Outcome> {
  const path = offset === undefined ? what : `${offset}/${what}`;
  const body = offset === undefined ? '{"all":true}' : null;
  return (await site.ask(`/api/v1/dead-letters/${path}`, { method: 'POST', body })) as Outcome; // as the API describes it
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
  const outcome = await change('discard', letter?.offset);
  assert.deepEqual(outcome, { changed: 0, failedAgain: 0, undecided: 1, unchanged: 0 });
  await Promise.all(site.stack.writers.map((writer) => writer.restart()));
  await site.until('it is discarded', async () => (await letters('open')).length === 0);
});
