import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { until } from '../e2e/condition.ts';
import { assertAuditClean, pointsOf, type SeriesName } from '../e2e/proof.ts';
import { ClientProcess } from './client-process.ts';

const folder = memoryFolder('mosquitto');
let server: ServerProcess;

before(async () => {
  const env = { SKERRY_PIPELINE_SEAL_AFTER_SECS: '0.2' };
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store'), env });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

type Version = '311' | '5';

/** Runs mosquitto_pub to its end; the exit code and what it said. */
async function publish(version: Version, words: string | readonly string[], input = '') {
  const list = typeof words === 'string' ? words.split(' ') : words;
  await using client = new ClientProcess('mosquitto_pub', [...addressed(version), ...list], input);
  return { code: await client.ends(), text: client.text };
}

/** Starts mosquitto_sub and waits until it is subscribed; each message is a line `MSG topic qos retain payload`. */
async function subscribe(version: Version, words: string): Promise<ClientProcess> {
  const shape = ['-F', 'MSG %t %q %r %p', '-d'];
  const client = lineByLine('mosquitto_sub', [...addressed(version), ...shape, ...words.split(' ')]);
  try {
    await client.says(/received SUBACK/);
    return client;
  } catch (cause) {
    await client.kill();
    throw cause;
  }
}

/** A client whose output comes by lines, where it would wait for a full buffer. */
function lineByLine(command: string, words: readonly string[]): ClientProcess {
  return new ClientProcess('stdbuf', ['-oL', command, ...words]);
}

const addressed = (version: Version): string[] => [
  '-V',
  version,
  '-h',
  '127.0.0.1',
  '-p',
  String(server.mqttPort),
];

async function assertValues(series: SeriesName, values: readonly unknown[]): Promise<void> {
  await server.quiet();
  const points = await pointsOf(server, series);
  assert.deepEqual(
    points.map((point) => point.value),
    values,
  );
}

for (const version of ['311', '5'] as const) {
  const key = { tenant: 'mosquitto', project: `v${version}` };
  const qosList = version === '5' ? [0, 1] : [0, 1, 2];

  test(`mosquitto_pub of version ${version}: telemetry of every QoS is read back over the API`, async () => {
    for (const qos of qosList) {
      const topic = `iot/${key.tenant}/${key.project}/qos${qos}/telemetry`;
      const { code, text } = await publish(version, [
        '-q',
        String(qos),
        '-t',
        topic,
        '-m',
        `{"v":${qos + 0.5}}`,
      ]);
      assert.equal(code, 0, text);
      await until('the point', async () => {
        const { items } = (await server.get(`/api/v1/devices?project=${key.project}`)) as {
          items: { device: string }[];
        };
        return items.some(({ device }) => device === `qos${qos}`);
      });
      await assertValues({ ...key, device: `qos${qos}`, metric: 'v' }, [qos + 0.5]);
    }
  });

  test(`mosquitto_pub of version ${version}: 1,000 lines in one session of QoS 1 are all stored, in order`, async () => {
    const lines = Array.from({ length: 1_000 }, (_, i) => `{"n":${i}}\n`).join('');
    const topic = `mtic/msg/client/realtime/${key.tenant}/${key.project}/stream`;
    const { code, text } = await publish(version, ['-q', '1', '-l', '-t', topic], lines);
    assert.equal(code, 0, text);
    await assertValues(
      { ...key, device: 'stream', metric: 'n' },
      Array.from({ length: 1_000 }, (_, i) => i),
    );
  });

  test(`mosquitto_sub of version ${version}: wildcards deliver what fits, at the lesser QoS, telemetry too`, async () => {
    await using reader = await subscribe(
      version,
      `-q 1 -t area/+/door/# -t iot/${key.tenant}/+/wild/telemetry`,
    );
    await publish(version, '-q 0 -t area/a/door -m zero');
    await publish(version, '-q 1 -t area/b/door/x/y -m one');
    if (version === '311') await publish(version, '-q 2 -t area/c/door/x -m two');
    await publish(version, '-q 1 -t area/d/window -m none');
    await publish(version, `-q 1 -t iot/${key.tenant}/${key.project}/wild/telemetry -m 7`);
    await reader.says(/telemetry \d \d 7/);
    assert.deepEqual(reader.lines('MSG'), [
      'area/a/door 0 0 zero',
      'area/b/door/x/y 1 0 one',
      ...(version === '311' ? ['area/c/door/x 1 0 two'] : []),
      `iot/${key.tenant}/${key.project}/wild/telemetry 1 0 7`,
    ]);
  });

  test(`mosquitto of version ${version}: a retained message is kept, replaced and cleared`, async () => {
    const topic = `kept/${version}/sign`;
    for (const text of ['old', 'new']) await publish(version, ['-r', '-q', '1', '-t', topic, '-m', text]);
    {
      await using reader = await subscribe(version, `-q 1 -t kept/${version}/#`);
      await reader.says(/MSG /);
      assert.deepEqual(reader.lines('MSG'), [`${topic} 1 1 new`]);
      // to those who are subscribed already it comes as any other message
      await publish(version, ['-r', '-q', '1', '-t', topic, '-m', 'newest']);
      await reader.says(/newest/);
      assert.deepEqual(reader.lines('MSG').at(-1), `${topic} 1 0 newest`);
    }
    await publish(version, ['-r', '-q', '1', '-t', topic, '-n']);
    await using late = await subscribe(version, `-q 1 -t kept/${version}/#`);
    await publish(version, ['-q', '1', '-t', `kept/${version}/end`, '-m', 'end']);
    await late.says(/ end/);
    assert.deepEqual(late.lines('MSG'), [`kept/${version}/end 1 0 end`]);
  });

  test(`mosquitto of version ${version}: the will comes after a kill and not after a goodbye`, async () => {
    await using reader = await subscribe(version, `-q 1 -t wills/${version}/#`);
    const will = (name: string) =>
      `-i w-${version}-${name} --will-topic wills/${version}/${name} --will-payload gone --will-qos 1 -t none/${version}`;
    const killed = await subscribe(version, will('killed'));
    await using leaving = await subscribe(version, `${will('leaving')} -C 1`);
    await publish(version, `-q 1 -t none/${version} -m goodbye`);
    assert.equal(await leaving.ends(), 0);
    await killed.kill();
    await reader.says(/gone/);
    assert.deepEqual(reader.lines('MSG'), [`wills/${version}/killed 1 0 gone`]);
  });

  test(`mosquitto_sub of version ${version}: a session that is kept has the messages of its absence`, async () => {
    const session = `-c -i keeper-${version} -q 1 -t kept-session/${version}${version === '5' ? ' -x 600' : ''}`;
    const first = await subscribe(version, session);
    await first.kill();
    for (const text of ['a', 'b', 'c']) await publish(version, `-q 1 -t kept-session/${version} -m ${text}`);
    await using second = await subscribe(version, session);
    await second.says(/ c\n/);
    assert.deepEqual(
      second.lines('MSG'),
      ['a', 'b', 'c'].map((text) => `kept-session/${version} 1 0 ${text}`),
    );
  });
}

test('mosquitto_pub of version 5: QoS 2 is announced as not available and refused by the client itself', async () => {
  const { text } = await publish('5', '-d -q 2 -t iot/mosquitto/v5/two/telemetry -m 1');
  assert.match(text, /QoS not supported on broker/);
  assert.doesNotMatch(text, /sending PUBLISH/);
});

test('mosquitto_pub of version 5: two messages of one skerry-message-id are one point', async () => {
  const topic = 'iot/mosquitto/v5/named/telemetry';
  const own = ['-D', 'publish', 'user-property', 'skerry-message-id', 'm-1'];
  for (let i = 0; i < 2; i++)
    assert.equal((await publish('5', ['-q', '1', ...own, '-t', topic, '-m', '{"v":3}'])).code, 0);
  await assertValues({ tenant: 'mosquitto', project: 'v5', device: 'named', metric: 'v' }, [3]);
  const { totals } = (await server.get('/api/v1/ledger')) as { totals: { deduplicated: number } };
  assert.equal(totals.deduplicated, 1);
});

test('mosquitto_sub: shared subscriptions are refused, not ignored; MQTT 3.1 is refused at CONNECT', async () => {
  for (const version of ['311', '5'] as const) {
    await using shared = lineByLine('mosquitto_sub', [...addressed(version), '-d', '-t', '$share/g/x']);
    await shared.says(version === '5' ? /158|0x9e|not supported|rejected|denied/i : /128|rejected|denied/i);
  }
  await using old = new ClientProcess('mosquitto_pub', [
    ...['-V', '31', '-h', '127.0.0.1', '-p', String(server.mqttPort)],
    ...['-t', 'a', '-m', 'b'],
  ]);
  assert.notEqual(await old.ends(), 0);
  assert.match(old.text, /protocol/i);
});

test('mosquitto: the ledger balances after all of it, and the audit is clean', async () => {
  assert.equal((await server.quiet()).isBalanced, true);
  await assertAuditClean(server);
});
