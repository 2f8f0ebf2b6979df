// What Kafka loses (the end of its log in a power cut, a whole topic) is in the store all the same, once.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cutPower, logLengths } from '@skerry/testkit/engines';
import { Kafka, logLevel } from 'kafkajs';
import { until } from '../../e2e/condition.ts';
import { publishAll, TOPIC } from '../gateway/scene.ts';
import { Site } from './site.ts';

let site: Site;

before(async () => {
  site = await Site.start();
});

after(() => site?.[Symbol.asyncDispose]());

/** Records of a project that were stored, and how many of them have points that stand there once. */
const of = (project: string): string =>
  `SELECT coalesce(sum(stored), 0) FROM verdicts WHERE project = '${project}'`;

/** Points that stand there twice: the same value of the same series at two places. */
const DOUBLED = `SELECT count(*) FROM (SELECT series_id, value FROM points p JOIN series s ON s.id = p.series_id
  WHERE s.metric = 'n' GROUP BY series_id, value HAVING count(*) > 1) d`;

test('a power cut of a single-replica Kafka: what it had acknowledged is stored once, also behind a writer that had read it', async () => {
  await publishAll(site.mosquitto.port, 500, { project: 'p1' });
  await site.answers(of('p1'), '500');
  const lengths = logLengths(site.kafka, [TOPIC]);
  await publishAll(site.mosquitto.port, 300, { project: 'p2' });
  await site.answers(of('p2'), '300'); // the writer has read what Kafka is about to lose
  assert.ok((await cutPower(site.kafka, lengths)) > 0);
  await publishAll(site.mosquitto.port, 200, { project: 'p3' }); // while it is away
  await site.kafka.restart();
  await site.answers(of('p3'), '200');
  await publishAll(site.mosquitto.port, 200, { project: 'p4' });
  await site.answers(of('p4'), '200');
  for (const [project, count] of [
    ['p1', '500'],
    ['p2', '300'],
  ] as const)
    assert.equal(await site.sql(of(project)), count);
  assert.equal(await site.sql(DOUBLED), '0');
  assert.match(site.writer.text, /ERROR Kafka has lost records that were read/);
  assert.match(
    site.gateway.text,
    /ERROR Kafka has lost records that it had acknowledged; they are sent again/,
  );
  await until('the writer has nothing left to say', async () => (await site.writer.reasons())?.length === 0);
});

test('a topic that is deleted under gateway and writer: it is made anew, nothing is lost and nothing doubled', async () => {
  const client = new Kafka({ brokers: site.kafka.brokers, logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const before = await site.sql('SELECT count(*) FROM sources');
  await admin.deleteTopics({ topics: [TOPIC] });
  await admin.disconnect();
  await publishAll(site.mosquitto.port, 400, { project: 'p5' });
  await site.answers(of('p5'), '400');
  await until('the new topic to have sources of its own', async () => {
    return Number(await site.sql('SELECT count(*) FROM sources')) === Number(before) + 2;
  });
  await site.answers(`SELECT sum(stored) FROM verdicts`, '1600');
  assert.equal(await site.sql(DOUBLED), '0');
});
