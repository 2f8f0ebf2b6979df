// What the cloud shows of a site's processes, partitions and dead letters of Kafka, beside what the engines themselves say.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type PartitionEnd, partitionEnds } from '@skerry/journal/kafka';
import { aClient, changeTopic, tools } from '../kafka/scene.ts';
import { Site } from './site.ts';
import { list, type Partition, type Role, rolesOf, type Source, stored } from './site-lists.ts';

const PARTITIONS = 3;
const TOPICS = ['iot.telemetry', 'iot.dead-letters'];
let site: Site;

before(async () => {
  site = await Site.start({
    gateways: 2,
    writers: 2,
    partitions: PARTITIONS,
    config: { writer: { sessionMs: 6_000 } },
  });
});
after(() => site?.[Symbol.asyncDispose]());

async function kafkaEnds(): Promise<readonly PartitionEnd[]> {
  await using client = await aClient(site.stack.kafka, tools());
  return await partitionEnds(client, TOPICS);
}

test('every process is there and ready, gateways with numbers of their own, writers with all partitions between them', async () => {
  const partitions = PARTITIONS + 1;
  await site.until('everybody has told', async () => {
    const roles = await list<Role>(site, 'roles');
    const owned = roles.flatMap((one) => one.partitions);
    // the first writer has all of them until the other has come
    const writing = roles.filter((one) => one.role === 'writer' && one.partitions.length > 0);
    const isReady = roles.every(({ state }) => state === 'ready');
    return roles.length === 5 && owned.length === partitions && writing.length === 2 && isReady;
  });
  const [gateways, writers, clouds] = await Promise.all(
    ['gateway', 'writer', 'cloud'].map((role) => rolesOf(site, role)),
  );
  assert.deepEqual([gateways?.length, writers?.length, clouds?.length], [2, 2, 1]);
  const slots = gateways?.map(({ slot }) => slot?.number).toSorted();
  assert.deepEqual(slots, [0, 1]);
  const held = await site.sql(
    `SELECT string_agg(number::text, ',' ORDER BY number) FROM skerry.leases WHERE expires > now()`,
  );
  assert.equal(held, '0,1');
  assert.ok(gateways?.every(({ sources, buffer }) => sources.join() === 'park' && buffer?.records === 0));
  const owned = new Set(writers?.flatMap((one) => one.partitions));
  assert.equal(owned.size, partitions, 'no partition has two owners');
  assert.ok(writers?.every((one) => one.partitions.length > 0));
});

test('positions are those of PostgreSQL, ends those of Kafka, and what each broker granted is told', async () => {
  await stored(site, 0, 300);
  // a writer tells of a partition that it was given with its next word
  await site.until('nothing waits, and everything has an owner', async () =>
    (await list<Partition>(site, 'partitions')).every(
      ({ lagRecords, owner }) => lagRecords === 0 && owner?.state === 'ready',
    ),
  );
  const shown = await list<Partition>(site, 'partitions');
  const ends = await kafkaEnds();
  assert.deepEqual(
    shown.map(({ topic, partition, end }) => `${topic}/${partition} ${end}`).toSorted(),
    ends.map(({ topic, partition, end }) => `${topic}/${partition} ${end}`).toSorted(),
  );
  const sources = (await site.sql('SELECT label, position, owner FROM skerry.sources ORDER BY label')).split(
    '\n',
  );
  assert.deepEqual(
    shown.map((one) => `${one.topic}/${one.partition}|${one.position}|${one.owner?.name}`).toSorted(),
    sources,
  );
  const [store] = await list<{ readonly kind: string; readonly points: number }>(site, 'sinks');
  const points = Number(await site.sql('SELECT sum(points) FROM skerry.sources'));
  assert.deepEqual([store?.kind, store?.points], ['postgresql', points]);
  const [park] = await list<Source>(site, 'sources');
  assert.deepEqual([park?.state, park?.gateways.length], ['good', 2]);
  for (const { phase, filters } of park?.gateways ?? []) {
    const [filter] = filters;
    assert.deepEqual([phase, filter?.state, filter?.granted], ['connected', 'granted', 1]);
    assert.match(String(filter?.filter), /^\$share\/skerry\//);
  }
});

test('what Kafka refuses for good is a dead letter with its reason, in the ledger, and is stored when it is replayed', async () => {
  {
    await using client = await aClient(site.stack.kafka, tools());
    await changeTopic(client, 'iot.telemetry', { 'max.message.bytes': '5000' });
  }
  const large = JSON.stringify({ value: 1_000_000, pad: 'x'.repeat(20_000) });
  await site.publish([['d-large', large]]);
  interface Letter {
    readonly offset: number;
    readonly reason: string;
    readonly device: string;
    readonly detail: string;
    readonly stage: string;
    readonly payload: { readonly text: string };
  }
  const open = async () =>
    ((await site.ask('/api/v1/dead-letters?state=open')) as { readonly items: readonly Letter[] }).items; // as the API describes it
  await site.until('the letter is there', async () => (await open()).length === 1);
  const [letter] = await open();
  assert.deepEqual([letter?.reason, letter?.device, letter?.stage], ['kafka-refused', 'd-large', 'uplink']);
  assert.match(String(letter?.detail), /for the topic iot\.telemetry: message-too-large/);
  const whole = (await site.ask(`/api/v1/dead-letters/${letter?.offset}`)) as Letter; // as the API describes it
  assert.equal(whole.payload.text, large, 'no byte of it is missing');
  await site.until('the ledger has it', async () => {
    const { totals, imbalances } = await site.ledger();
    return totals.deadLettered === 1 && totals.pending === 0 && imbalances.length === 0;
  });
  const replay = () => site.ask(`/api/v1/dead-letters/${letter?.offset}/replay`, { method: 'POST' });
  const { undecided, ...outcome } = (await replay()) as Record<string, number>; // as the API describes it
  // a busy machine may not have judged it when the cloud answers
  assert.deepEqual(outcome, { changed: 1 - Number(undecided), failedAgain: 0, unchanged: 0 });
  await site.until('the letter is replayed', async () => (await open()).length === 0);
  assert.equal(
    await site.sql(`SELECT value FROM skerry.telemetry WHERE device = 'd-large' AND metric = 'value'`),
    '1000000',
  );
  await site.until('the ledger has it stored', async () => {
    const { totals, imbalances, notes } = await site.ledger();
    return (
      totals.deadLettered === 0 &&
      totals.stored === totals.received &&
      imbalances.length + Number(notes?.length) === 0
    );
  });
});

test('while nobody writes, the lag and the hour of retention are those of the record that waits', async () => {
  for (const writer of site.stack.writers) await writer.stop();
  const before = Date.now();
  await site.publish([['d-0', '{"value":3000000}']]);
  const waiting = async () =>
    (await list<Partition>(site, 'partitions')).filter(({ lagRecords }) => lagRecords === 1);
  await site.until('one record waits', async () => (await waiting()).length === 1);
  const [one] = await waiting();
  assert.deepEqual([one?.owner, one?.end], [null, Number(one?.position) + 1]);
  assert.ok(Number(one?.lagSeconds) * 1_000 <= Date.now() - before + 1_000, `waits for ${one?.lagSeconds} s`);
  const retention = Date.parse(String(one?.retentionAt)) - before;
  assert.ok(Math.abs(retention - 72 * 3_600_000) < 60_000, `removed after ${retention} ms`);
  const silent = await rolesOf(site, 'writer');
  assert.ok(silent.every(({ state }) => state === 'ended'));
});
