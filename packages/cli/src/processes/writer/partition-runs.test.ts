import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type KafkaClient, openKafkaClient, TopicLayout } from '@skerry/journal/kafka';
import { createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeRandom } from '@skerry/kernel/node';
import { DEFAULT_ROUTES } from '@skerry/pipeline/routes';
import { openPostgresPool, SealGroup } from '@skerry/series/postgres';
import { loadConfig } from '../../config/load.ts';
import { PartitionRuns } from './partition-runs.ts';
import { UnwrittenLag } from './unwritten-lag.ts';

const clock = nodeClock();
const random = nodeRandom();
const needs = { clock, random, logger: silentLogger, meter: createMeter() };

/** A way to a Kafka that is not there. */
function noKafka(): Promise<KafkaClient> {
  return openKafkaClient({ brokers: ['127.0.0.1:1'], clientId: 'test' }, needs);
}

test('PartitionRuns reports no lag of a partition of which nobody knows any', async () => {
  await using client = await noKafka();
  const { config } = loadConfig({ file: undefined, environment: {}, flags: {} });
  const options = { url: 'postgres://skerry@127.0.0.1:1/iot', schema: 's', applicationName: 'test' };
  await using pool = openPostgresPool({ ...options, connectionsMax: 1, statementMs: 1_000 }, needs);
  await using runs = new PartitionRuns(
    {
      group: 'writers',
      layout: new TopicLayout({ topic: 't' }),
      routes: DEFAULT_ROUTES,
      owner: 'test',
      sealAfterMs: 1_000,
      retention: config.series,
      sessionMs: 1_000,
    },
    {
      ...needs,
      client,
      pool,
      seals: new SealGroup(pool, { clock }),
      failpoint: noFailpoints,
      rebirthWanted: () => undefined,
      sinks: [],
    },
  );
  runs.assign([{ topic: 't', partition: 0 }]);
  const [told] = runs.report(new Map());
  assert.deepEqual(
    [told?.isWritten, told?.lagRecords, told?.lagSeconds, told?.retentionLeftSeconds],
    [false, null, null, null],
  );
});

test('UnwrittenLag asks for nothing more once it is over', async () => {
  await using client = await noKafka();
  const asked: string[] = [];
  const { admin } = client;
  const ask = admin.listConsumerGroupOffsets.bind(admin);
  const names = ['a', 'b', 'c'].map((topic) => ({ topic, partition: 0 }));
  using lag = new UnwrittenLag('writers', () => names, { ...needs, client });
  admin.listConsumerGroupOffsets = ((options: Parameters<typeof ask>[0]) => {
    const [group] = options.groups;
    asked.push(typeof group === 'object' ? String(group.topics?.[0]?.name) : '');
    lag[Symbol.dispose]();
    return ask(options);
  }) as typeof ask; // only the form that returns a promise is used
  await lag.look();
  assert.deepEqual(asked, ['a']);
});
