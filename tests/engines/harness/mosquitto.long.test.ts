import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Engine, runTool, startMosquitto } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';
import { assertGone } from './gone.ts';

const address = ({ port }: Engine): string[] => ['-h', '127.0.0.1', '-p', String(port), '-V', '5'];

function publish(broker: Engine, message: string, ...words: string[]): Promise<string> {
  return runTool('mosquitto_pub', [...address(broker), '-t', 'a/b', '-q', '1', '-m', message, ...words]);
}

/** So many messages, the session kept; ends when they have come or after 5 s. */
function receive(broker: Engine, count: number, ...words: string[]): Promise<string> {
  const session = ['-i', 'receiver', '-c', '-x', '1000', '-q', '1', '-t', 'a/b'];
  return runTool('mosquitto_sub', [...address(broker), ...session, '-C', String(count), '-W', '5', ...words]);
}

test('startMosquitto: messages for a subscriber that is away outlast SIGKILL and an end; nothing runs afterwards', async () => {
  let pids: readonly number[];
  {
    await using broker = await startMosquitto({ lines: ['max_inflight_messages 7'] });
    await publish(broker, 'kept', '-r');
    assert.equal(await receive(broker, 1), 'kept\n');
    await publish(broker, 'one');
    await savedTo(broker, 'one');
    await broker.kill();
    assert.equal(broker.isAlive, false);
    await broker.restart();
    await publish(broker, 'two');
    await broker.stop();
    await broker.restart();
    assert.deepEqual((await receive(broker, 3)).trimEnd().split('\n').slice(-3).sort(), [
      'kept',
      'one',
      'two',
    ]);
    pids = broker.pids;
  }
  assertGone(pids);
});

/** Resolves when mosquitto has written its store, which it does within a second, with a message in it. */
async function savedTo(broker: Engine, message: string): Promise<void> {
  await until('the message in the store', async () => {
    const words = ['-c', '-a', message, `${broker.folder}/mosquitto.db`];
    return await runTool('grep', words).then(
      () => true,
      () => false,
    );
  });
}

test('startMosquitto: a frozen broker answers nothing until it is thawed', async () => {
  await using broker = await startMosquitto();
  await broker.freeze();
  let isAcknowledged = false;
  const published = publish(broker, 'late', '-r').then(() => {
    isAcknowledged = true;
  });
  await assert.rejects(runTool('timeout', ['1', 'mosquitto_pub', ...address(broker), '-t', 'x', '-n']));
  assert.equal(isAcknowledged, false);
  broker.thaw();
  await published;
  assert.equal(await receive(broker, 1), 'late\n');
});

test('startMosquitto: a client without TLS, certificate or password is refused', async () => {
  await using broker = await startMosquitto({ tls: 'mutual', users: { alice: 'secret' } });
  const { tls } = broker;
  assert.ok(tls);
  const trust = ['--cafile', tls.authority];
  const certificate = ['--cert', tls.clientCert, '--key', tls.clientKey];
  const user = ['-u', 'alice', '-P', 'secret'];
  await publish(broker, 'welcome', '-r', ...trust, ...certificate, ...user);
  assert.equal(await receive(broker, 1, ...trust, ...certificate, ...user), 'welcome\n');
  await assert.rejects(publish(broker, 'x', ...trust, ...user));
  await assert.rejects(publish(broker, 'x', ...user));
  await assert.rejects(
    publish(broker, 'x', ...trust, ...certificate, '-u', 'alice', '-P', 'wrong'),
    /not authori[sz]ed/i,
  );
});
