// A device with a token of its own connects, falls silent and is lost: its page says when, why, and which of them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WireClient } from '../e2e/wire-client.ts';
import { axeFindings, buildPage, misfits, sees } from './browser.ts';
import { openScene, type Scene, SITE } from './scene.ts';

const DEVICE = 'meter-9';
const PATH = `/devices/${SITE.tenant}/${SITE.project}/${DEVICE}`;
/** The topic of the whole project: the payload may name any device. */
const TOPIC = `mtic/msg/client/realtime/${SITE.tenant}/${SITE.project}`;

let scene: Scene;
let password: string;

before(async () => {
  buildPage();
  scene = await openScene();
  const grants = [{ role: 'device', ...SITE, device: DEVICE }];
  const made = (await scene.ask('POST', '/api/v1/tokens', { name: 'meter-9-token', grants })) as {
    secret: string;
  };
  password = made.secret;
});

after(() => scene[Symbol.asyncDispose]());

async function connect(): Promise<WireClient> {
  const client = await WireClient.open(scene.server.mqttPort, 4);
  const credentials = { username: 'meter', password: Buffer.from(password) };
  client.send({
    type: 'connect',
    level: 4,
    isCleanStart: true,
    keepAliveSecs: 0,
    clientId: 'meter',
    ...credentials,
  });
  assert.equal((await client.first('connack')).reason, 0);
  return client;
}

async function stateOf(wanted: string): Promise<{ now: { state: string; event: { reason: string } } }> {
  for (let times = 0; times < 200; times++) {
    const told = (await scene.ask('GET', `/api/v1${PATH}/connectivity`)) as {
      now: { state: string; event: { reason: string } | null };
    };
    const { state, event } = told.now;
    if (state === wanted && event) return { now: { state, event } };
    await scene.server.quiet();
  }
  return assert.fail(`The device did not become ${wanted}.`);
}

test('connection: a device that is bound by its token speaks on the topic of its project, and the page tells its connection', async () => {
  using first = await connect();
  first.publish(TOPIC, '{"deviceId": "pump-1", "flow": 99}');
  await first.answered();
  first.publish(`${TOPIC}/pump-1`, '{"flow": 99}');
  await first.closed();
  await scene.server.quiet();
  const latest = (await scene.ask('GET', `/api/v1/devices/${SITE.tenant}/${SITE.project}/pump-1/latest`)) as {
    items: { metric: string; value: unknown }[];
  };
  assert.equal(latest.items.find(({ metric }) => metric === 'flow')?.value, 12);
  const second = await connect();
  second.publish(TOPIC, '{"flow": 1}');
  await second.answered();
  await stateOf('connected');
  await using tab = await scene.visit(PATH);
  const { page } = tab;
  await page.locator('.connection-now.is-on').waitFor();
  await sees(page, 'Connected since');
  second[Symbol.dispose]();
  assert.equal((await stateOf('disconnected')).now.event.reason, 'network');
  await page.locator('.connection-now.is-off').waitFor();
  await sees(page, 'the network connection broke off');
  await page
    .locator('.chart-card', { has: page.locator('.connection-strip') })
    .getByRole('button')
    .focus();
  await page.keyboard.press('t');
  const rows = page.locator('.chart-card', { has: page.locator('.connection-strip') }).locator('tbody tr');
  const [newest = '', , earlier = ''] = await rows.allInnerTexts();
  assert.match(newest, /Disconnected\s+the network connection broke off\s+meter\s+token:meter-9-token/);
  assert.match(earlier, /Disconnected\s+the client published where it may not/);
  assert.deepEqual(await axeFindings(page), []);
  assert.deepEqual(tab.complaints, []);
});

test('connection: the card reads in Chinese, in the dark, and fits narrow windows with long texts', async () => {
  {
    await using tab = await scene.visit(PATH, { language: 'zh', theme: 'dark' });
    await sees(tab.page, '已断开：网络连接中断');
    assert.deepEqual(await axeFindings(tab.page), []);
    assert.deepEqual(tab.complaints, []);
  }
  for (const language of ['pseudo', 'zh'] as const) {
    await using tab = await scene.visit(PATH, { language });
    await tab.page.locator('.connection-strip').waitFor();
    assert.deepEqual(await misfits(tab.page), []);
  }
});

test('connection: a device that nobody has spoken for over MQTT is told as one', async () => {
  const { status } = await fetch(`${scene.url}/api/v1/telemetry/${SITE.tenant}/${SITE.project}/by-http`, {
    method: 'POST',
    headers: { authorization: `Bearer ${scene.server.token}`, 'content-type': 'application/json' },
    body: '{"flow": 3}',
  });
  assert.equal(status, 200);
  await scene.server.quiet();
  await using tab = await scene.visit(`/devices/${SITE.tenant}/${SITE.project}/by-http`);
  await sees(tab.page, 'Nobody is known to have spoken for this device over MQTT.');
});
