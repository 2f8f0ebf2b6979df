import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@skerry/kernel';
import { FakeClock } from '@skerry/kernel/testing';
import { openKafkaClient } from './kafka-client.ts';

test('KafkaClient.fork ends with its parent, which keeps nothing of one that has ended before', async () => {
  const needs = { clock: new FakeClock(), logger: silentLogger, random: { float: () => 0 } };
  const client = await openKafkaClient({ brokers: ['127.0.0.1:1'], clientId: 'test' }, needs);
  const ended: string[] = [];
  const fork = (name: string) => {
    const one = client.fork();
    const close = one.admin.close.bind(one.admin);
    one.admin.close = async () => {
      ended.push(name);
      await close();
    };
    return one;
  };
  const early = fork('early');
  fork('late');
  await early[Symbol.asyncDispose]();
  assert.deepEqual(ended, ['early']);
  await client[Symbol.asyncDispose]();
  assert.deepEqual(ended, ['early', 'late']);
});
