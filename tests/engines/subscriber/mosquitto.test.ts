import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TlsTrust } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';
import { SessionFile } from '@skerry/mqtt';
import { brokerDialer } from '@skerry/mqtt/node';
import { freePorts, startMosquitto } from '@skerry/testkit/engines';
import { aMember, forget, mosquittoPub, publish, saved, texts, trustOf, until } from './scene.ts';

const TIMEOUT = { timeout: 150_000 };

/** Saves when it is told to, and at its end: at each change would cost more than what is tested. */
const CALM = { lines: ['autosave_on_changes false', 'autosave_interval 1800'] };

const byNumber = (a: string, b: string): number => Number(a.split(' ')[1]) - Number(b.split(' ')[1]);

const PLUGIN = '/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so';

/** Everybody may publish and receive, and subscribe under `plant/` only. */
const RIGHTS = {
  defaultACLAccess: {
    publishClientSend: true,
    publishClientReceive: true,
    subscribe: false,
    unsubscribe: true,
  },
  clients: [],
  groups: [{ groupname: 'all', roles: [{ rolename: 'plant' }] }],
  roles: [
    {
      rolename: 'plant',
      acls: [{ acltype: 'subscribePattern', topic: 'plant/#', priority: 0, allow: true }],
    },
  ],
  anonymousGroup: 'all',
};

/** A listener of WebSockets; this mosquitto starts with none only of them. */
async function webLines(): Promise<string[]> {
  const [other] = await freePorts(1);
  return ['protocol websockets', `listener ${other} 127.0.0.1`, ...CALM.lines];
}

function aFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'skerry-subscriber-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

for (const level of [4, 5] as const) {
  test(
    `Subscriber at level ${level}: messages that came while it was away arrive, in order, once`,
    TIMEOUT,
    async () => {
      await using mosquitto = await startMosquitto(CALM);
      {
        await using member = await aMember(mosquitto.port, { level });
        await member.subscriber.subscribed();
        await publish(mosquitto.port, 'plant/a', texts('here', 500));
        await until(
          () => member.keeper.texts.length === 500,
          () => member.keeper.texts.length,
        );
        await member.subscriber.drained();
        assert.deepEqual(member.keeper.texts, texts('here', 500));
      }
      await publish(mosquitto.port, 'plant/b', texts('away', 700));
      await using member = await aMember(mosquitto.port, { level });
      await until(
        () => member.keeper.texts.length >= 700,
        () => [member.keeper.texts.length, member.events],
      );
      assert.deepEqual(member.keeper.texts, texts('away', 700));
      assert.ok(member.events.some((event) => event.type === 'connected' && event.isSessionPresent));
    },
  );

  test(
    `Subscriber at level ${level}: what was not acknowledged comes again, and QoS 2 comes once over its own restart`,
    TIMEOUT,
    async () => {
      await using mosquitto = await startMosquitto(CALM);
      const options = { level, filters: [{ filter: 'plant/#', qos: 2 }] as const };
      const store = () =>
        new SessionFile(
          { path: join(mosquitto.folder, 'session'), clientId: 'member', broker: 'm' },
          nodeDisk(),
        );
      {
        await using member = await aMember(mosquitto.port, options, { store: store() });
        await member.subscriber.subscribed();
        member.keeper.isWaiting = true;
        await mosquittoPub(mosquitto.port, 'plant/a', texts('two', 20), 2);
        await until(
          () => member.keeper.texts.length === 20,
          () => member.keeper.texts,
        );
        member.keeper.confirm(8);
        await until(
          () =>
            member.subscriber.state().unacked === 12 && member.meterOf('iot_subscriber_acked_total') === 8,
          () => member.subscriber.state(),
        );
      }
      await using member = await aMember(mosquitto.port, options, { store: store() });
      await until(
        () => member.keeper.texts.length >= 12 && member.subscriber.state().kept === 0,
        () => [member.keeper.texts, member.subscriber.state()],
      );
      assert.deepEqual(member.keeper.texts.toSorted(byNumber), texts('two', 20).slice(8));
    },
  );

  test(
    `Subscriber at level ${level}: two members of a group share the messages, and one takes over what the other left`,
    TIMEOUT,
    async () => {
      await using mosquitto = await startMosquitto(CALM);
      const filters = [{ filter: '$share/gateways/plant/#' }];
      await using one = await aMember(mosquitto.port, { level, filters, clientId: 'gateways-0' });
      await using two = await aMember(mosquitto.port, { level, filters, clientId: 'gateways-1' });
      await Promise.all([one.subscriber.subscribed(), two.subscriber.subscribed()]);
      await publish(mosquitto.port, 'plant/a', texts('shared', 400));
      const all = (): string[] => [...one.keeper.texts, ...two.keeper.texts];
      await until(
        () => all().length === 400,
        () => [one.keeper.texts.length, two.keeper.texts.length],
      );
      assert.ok(one.keeper.texts.length > 0 && two.keeper.texts.length > 0, 'one member has all');
      await one.subscriber.endSession();
      await publish(mosquitto.port, 'plant/a', texts('alone', 100));
      await until(
        () => all().length === 500,
        () => [one.keeper.texts.length, two.keeper.texts.length],
      );
      assert.deepEqual(all().toSorted(), [...texts('shared', 400), ...texts('alone', 100)].toSorted());
    },
  );

  test(
    `Subscriber at level ${level}: a mosquitto that is killed sends again what it has saved; one that has forgotten is told of`,
    TIMEOUT,
    async () => {
      await using mosquitto = await startMosquitto(CALM);
      await using member = await aMember(mosquitto.port, { level, keepAliveSecs: 5 });
      await member.subscriber.subscribed();
      member.keeper.isWaiting = true;
      await publish(mosquitto.port, 'plant/a', texts('saved', 50));
      await until(
        () => member.keeper.texts.length === 50,
        () => member.keeper.texts.length,
      );
      await saved(mosquitto, 'saved 49');
      await mosquitto.kill();
      await mosquitto.restart();
      await until(
        () => member.keeper.texts.length === 100,
        () => [member.keeper.texts.length, member.subscriber.state()],
      );
      assert.deepEqual(member.keeper.texts, [...texts('saved', 50), ...texts('saved', 50)]);
      member.keeper.confirm();
      member.keeper.isWaiting = false;
      await member.subscriber.drained();
      assert.deepEqual(
        member.events.filter(({ type }) => type === 'session-lost'),
        [],
      );

      await mosquitto.kill();
      forget(mosquitto);
      await mosquitto.restart();
      await until(
        () => member.events.some(({ type }) => type === 'session-lost'),
        () => member.events,
      );
      await member.subscriber.subscribed();
      await publish(mosquitto.port, 'plant/a', ['after']);
      await until(
        () => member.keeper.texts.at(-1) === 'after',
        () => member.events,
      );
      assert.equal(member.meterOf('iot_subscriber_sessions_lost_total'), 1);
    },
  );

  test(
    `Subscriber at level ${level}: a frozen mosquitto is left and found again, and nothing is lost`,
    TIMEOUT,
    async () => {
      await using mosquitto = await startMosquitto(CALM);
      await using member = await aMember(mosquitto.port, { level, keepAliveSecs: 1 });
      await member.subscriber.subscribed();
      await publish(mosquitto.port, 'plant/a', texts('before', 10));
      await mosquitto.freeze();
      await until(
        () => member.events.some(({ type }) => type === 'disconnected'),
        () => member.events,
      );
      mosquitto.thaw();
      await publish(mosquitto.port, 'plant/a', texts('behind', 10));
      await until(
        () => member.keeper.texts.includes('behind 9'),
        () => member.keeper.texts,
      );
      assert.deepEqual([...new Set(member.keeper.texts)], [...texts('before', 10), ...texts('behind', 10)]);
    },
  );

  test(
    `Subscriber at level ${level}: one that takes nothing for longer than its keep-alive stays connected`,
    TIMEOUT,
    async () => {
      await using mosquitto = await startMosquitto(CALM);
      let why: string | undefined;
      let pings = 0;
      const dialled = brokerDialer(`mqtt://127.0.0.1:${mosquitto.port}`);
      const dial = async (signal: AbortSignal) => {
        const connection = await dialled(signal);
        const { write } = connection;
        connection.write = (bytes) => {
          if (bytes[0] === 0xc0) pings++;
          return write.call(connection, bytes);
        };
        return connection;
      };
      await using member = await aMember(mosquitto.port, { level, keepAliveSecs: 3 }, { dial });
      member.keeper.refusal = () => why;
      await member.subscriber.subscribed();
      why = 'backlog';
      await publish(mosquitto.port, 'plant/a', texts('waiting', 300));
      await until(
        () => member.subscriber.state().isHeld,
        () => member.subscriber.state(),
      );
      pings = 0;
      await until(
        () => pings === 3,
        () => pings,
      );
      assert.deepEqual(member.keeper.texts, []);
      why = undefined;
      member.subscriber.goOn();
      await until(
        () => member.keeper.texts.length === 300,
        () => member.keeper.texts.length,
      );
      assert.deepEqual(
        member.events.filter(({ type }) => type === 'disconnected'),
        [],
      );
    },
  );

  test(
    `Subscriber at level ${level}: one whose identifier another one takes comes back and takes it back`,
    TIMEOUT,
    async () => {
      await using mosquitto = await startMosquitto(CALM);
      await using member = await aMember(mosquitto.port, { level });
      await member.subscriber.subscribed();
      {
        await using _ = await aMember(mosquitto.port, { level });
        await until(
          () => member.events.some(({ type }) => type === 'disconnected'),
          () => member.events,
        );
      }
      await member.subscriber.subscribed();
      await publish(mosquitto.port, 'plant/a', ['mine']);
      await until(
        () => member.keeper.texts.includes('mine'),
        () => member.events,
      );
      assert.ok(member.meterOf('iot_subscriber_reconnects_total') > 0);
    },
  );

  test(
    `Subscriber at level ${level}: wrong credentials are told, and right ones are asked for at the next attempt`,
    TIMEOUT,
    async () => {
      await using mosquitto = await startMosquitto({ ...CALM, users: { gate: 'secret' } });
      const wrong = { username: 'gate', password: new TextEncoder().encode('other') };
      const right = { username: 'gate', password: new TextEncoder().encode('secret') };
      let credentials = wrong;
      await using member = await aMember(mosquitto.port, { level, credentials: () => credentials });
      await until(
        () => member.events.some(({ type }) => type === 'disconnected'),
        () => member.events,
      );
      assert.match(String(member.subscriber.state().degraded), /not authorized|user name or password/);
      credentials = right;
      await member.subscriber.subscribed();
    },
  );

  test(
    `Subscriber at level ${level}: a filter that mosquitto refuses is told in words, and the other one served`,
    TIMEOUT,
    async () => {
      using folder = aFolder();
      const config = join(folder.path, 'rights.json');
      writeFileSync(config, JSON.stringify(RIGHTS), { mode: 0o600 });
      const lines = [...CALM.lines, `plugin ${PLUGIN}`, `plugin_opt_config_file ${config}`];
      await using mosquitto = await startMosquitto({ lines });
      const filters = [{ filter: 'plant/#' }, { filter: 'secret/#' }];
      await using member = await aMember(mosquitto.port, { level, filters });
      await until(
        () => member.events.some(({ type }) => type === 'subscription-refused'),
        () => member.events,
      );
      assert.match(String(member.subscriber.state().degraded), /refuses "secret\/#": 0x8/);
      await publish(mosquitto.port, 'plant/a', ['served']);
      await until(
        () => member.keeper.texts.includes('served'),
        () => member.events,
      );
    },
  );

  test(
    `Subscriber at level ${level}: a message that is too large is handed out cut, and what comes behind it whole`,
    TIMEOUT,
    async () => {
      await using mosquitto = await startMosquitto(CALM);
      await using member = await aMember(mosquitto.port, { level, packetBytesMax: 10_000 });
      await member.subscriber.subscribed();
      await publish(mosquitto.port, 'plant/a', ['before', 'L'.repeat(900_000), 'behind']);
      await until(
        () => member.keeper.texts.length === 3,
        () => member.keeper.texts.length,
      );
      assert.deepEqual([member.keeper.texts[0], member.keeper.texts[2]], ['before', 'behind']);
      assert.ok(Number(member.keeper.oversize[0]) > 900_000);
      await member.subscriber.drained();
    },
  );
}

test(
  'Subscriber over TLS with a certificate of its own, and over WebSockets, plain and encrypted',
  TIMEOUT,
  async () => {
    await using secure = await startMosquitto({ ...CALM, tls: 'mutual' });
    const { tls: files } = secure;
    assert.ok(files);
    const tls = trustOf(files);
    const reach = async (url: string, trust?: TlsTrust): Promise<void> => {
      await using member = await aMember(url, {}, trust ? { tls: trust } : {});
      await member.subscriber.subscribed(AbortSignal.timeout(60_000));
      assert.equal(
        member.subscriber.state().phase,
        'connected',
        `${url}: ${member.subscriber.state().degraded}`,
      );
    };
    const fails = async (url: string, trust: TlsTrust, words: RegExp): Promise<void> => {
      await using member = await aMember(url, {}, { tls: trust });
      await until(
        () => member.events.some(({ type }) => type === 'disconnected'),
        () => member.events,
      );
      assert.match(String(member.subscriber.state().degraded), words);
    };
    await reach(`mqtts://127.0.0.1:${secure.port}`, tls);
    await fails(
      `mqtts://127.0.0.1:${secure.port}`,
      { ...tls, credentials: undefined },
      /closed|alert|connect/i,
    );
    await fails(`mqtts://127.0.0.1:${secure.port}`, { ...tls, serverName: 'other' }, /altname|hostname/i);
    await fails(
      `mqtts://127.0.0.1:${secure.port}`,
      { ...tls, authority: undefined },
      /certificate|SIGNED|UNABLE/i,
    );
    await using plainWeb = await startMosquitto({ lines: await webLines() });
    await reach(`ws://127.0.0.1:${plainWeb.port}/mqtt`);
    await using secureWeb = await startMosquitto({
      tls: 'mutual',
      lines: await webLines(),
    });
    assert.ok(secureWeb.tls);
    await reach(`wss://127.0.0.1:${secureWeb.port}/mqtt`, trustOf(secureWeb.tls));
  },
);

test('Subscriber finds what mosquitto drops for a full queue by its own count', TIMEOUT, async () => {
  const lines = [...CALM.lines, 'max_queued_messages 5', 'sys_interval 1'];
  await using mosquitto = await startMosquitto({ lines });
  await using watcher = await aMember(mosquitto.port, {
    clientId: 'watcher',
    filters: [{ filter: 'other/#' }],
    isWatchingDrops: true,
  });
  await watcher.subscriber.subscribed();
  {
    await using absent = await aMember(mosquitto.port, { clientId: 'absent' });
    await absent.subscriber.subscribed();
  }
  // its first word tells what was before: one that comes after the drops would hide them
  await until(
    () => watcher.subscriber.state().brokerDropped !== undefined,
    () => watcher.events,
  );
  await publish(mosquitto.port, 'plant/a', texts('kept or not', 60));
  await until(
    () => watcher.events.some(({ type }) => type === 'broker-dropped'),
    () => watcher.events,
  );
  const dropped = () => watcher.meterOf('iot_subscriber_broker_dropped_total');
  await using back = await aMember(mosquitto.port, { clientId: 'absent' });
  // the broker counts once a second
  await until(
    () => back.keeper.texts.length === 60 - dropped(),
    () => [back.keeper.texts.length, dropped()],
  );
  assert.ok(dropped() > 0);
  assert.deepEqual(
    back.events.filter(({ type }) => type === 'session-lost'),
    [],
    'MQTT itself says nothing of it',
  );
});
