// Somebody connects a first device from the page: a command is copied, run as it stands, and its message is seen.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFileSync, mkdtempDisposableSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { makeCertificates } from '../clients/certificates.ts';
import { until } from '../e2e/condition.ts';
import { buildPage, sees } from './browser.ts';
import { lookFaults, openScene, type Scene, SITE, SITE_TOPICS } from './scene.ts';

const run = promisify(execFile);
let scene: Scene;

before(async () => {
  buildPage();
  scene = await openScene();
});

after(() => scene[Symbol.asyncDispose]());

const at = (device: string, more = '') =>
  `/connect?tenant=${SITE.tenant}&project=${SITE.project}&device=${device}${more}`;

/** The last command of the page, which sends the message. */
async function commandOf(page: Page): Promise<string> {
  await page.locator('.code-block pre').last().waitFor();
  return String(await page.locator('.code-block pre').last().textContent());
}

/** Runs a command of the page as somebody does who has copied it; a command that is refused fails. */
async function inShell(command: string): Promise<void> {
  await run('/bin/sh', ['-c', command], { timeout: 60_000 });
}

test('connect suggests where the devices are and a name that is free, and its first command makes the device appear', async () => {
  await using tab = await scene.visit('/connect');
  const { page } = tab;
  assert.equal(await page.getByLabel('Tenant').inputValue(), SITE.tenant);
  assert.equal(await page.getByLabel('Project').inputValue(), SITE.project);
  assert.equal(await page.getByLabel('Device', { exact: true }).inputValue(), 'my-sensor-1');
  await sees(page, 'Waiting for the first message');
  const command = await commandOf(page);
  assert.match(command, /^mosquitto_pub -h 127\.0\.0\.1 -p \d+ -q 1 -i my-sensor-1 -t /);
  await inShell(command);
  await sees(page, 'my-sensor-1 is connected: its message has arrived.');
  const row = page.locator('.arrivals tbody tr', { hasText: 'temperature' });
  assert.equal(await row.locator('.value').textContent(), '21.5');
  await sees(page, '1 message stored in all');
  await page.getByRole('button', { name: 'Connect another device' }).click();
  await page.locator('.field input[value="my-sensor-2"]').waitFor();
  await page.locator('.code-block pre', { hasText: '-i my-sensor-2' }).last().waitFor();
  await sees(page, 'Waiting for the first message');
  await inShell(await commandOf(page));
  await page.getByRole('link', { name: 'Open the device' }).click();
  await page.waitForURL(`**/devices/${SITE.tenant}/${SITE.project}/my-sensor-2`);
  await page.getByRole('heading', { name: 'my-sensor-2' }).waitFor();
  assert.deepEqual(tab.complaints, []);
});

test('connect makes a token for the device alone, puts it in the command, and copies what it shows', async () => {
  await using tab = await scene.visit(at('meter-1', '&way=http'));
  const { page } = tab;
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await sees(page, 'Without a token this will be refused; make one in step 2.');
  await page.getByRole('button', { name: 'Make a token for this device' }).focus();
  await page.keyboard.press('Enter');
  await sees(page, 'It is shown this once');
  await page.locator('.command button:focus', { hasText: 'Copy' }).waitFor();
  const token = String(await page.locator('.command code').first().textContent());
  const command = await commandOf(page);
  assert.match(command, /^curl -sS -X POST /);
  assert.ok(command.includes(token), 'the command holds the token');
  await page.getByRole('button', { name: /Copy.*Run this in a terminal/ }).click();
  await sees(page, 'Copied');
  assert.equal(await page.evaluate('navigator.clipboard.readText()'), command);
  await inShell(command);
  await sees(page, 'meter-1 is connected: its message has arrived.');
  const { items } = (await scene.ask('GET', '/api/v1/tokens')) as {
    items: readonly { name: string; grants: readonly object[] }[];
  }; // as the API says
  const made = items.filter(({ name }) => name.startsWith('device-meter-1-'));
  assert.deepEqual(
    made.map(({ grants }) => grants),
    [[{ role: 'device', ...SITE, device: 'meter-1' }]],
  );
  assert.deepEqual(tab.complaints, []);
});

test('connect has a tab for each tool, reached by arrow keys, and keeps the choice in the address', async () => {
  await using tab = await scene.visit(at('keys-1'));
  const { page } = tab;
  await page.getByRole('tab', { name: 'mosquitto_pub' }).focus();
  const marks = { 'mqtt.js': 'connectAsync', Python: 'paho.mqtt.publish', C: '#include <mosquitto.h>' };
  for (const [tool, mark] of Object.entries(marks)) {
    await page.keyboard.press('ArrowRight');
    await page.getByRole('tab', { name: tool, selected: true }).waitFor();
    assert.equal(await page.evaluate('document.activeElement.textContent'), tool);
    await page.getByRole('tabpanel').getByText(mark).waitFor();
  }
  await page.waitForURL('**tool=c');
  await page.reload();
  await page.getByRole('tab', { name: 'C', selected: true }).waitFor();
  await page.getByRole('radio', { name: 'File' }).check();
  const replay = await commandOf(page);
  assert.match(replay, /^npx skerry replay recording\.csv --tenant acme /);
  assert.ok(replay.endsWith(` --data-dir ${scene.server.dataDir}`), replay);
  await sees(page, 'No token is needed.');
  assert.deepEqual(tab.complaints, []);
});

test('connect tells in words what arrived wrongly and what to do, in both languages', async () => {
  const words = {
    en: {
      letter: `A message on ${SITE_TOPICS}/wrong-en/telemetry came in, but could not be processed.`,
      mend: 'Send JSON such as {"temperature": 21.5}.',
      refused: 'wrong-en was refused when it connected as device.',
      remedy: 'The token or the password is wrong. Make a token in step 2 and copy the command again.',
      heard: 'A message came, but none that could be stored.',
      elsewhere: `A message on iot/acme/plant/wrong-en came in, but the topic is not one of telemetry.`,
    },
    zh: {
      letter: `主题 ${SITE_TOPICS}/wrong-zh/telemetry 上的消息已收到，但无法处理。`,
      mend: '请发送 JSON，例如 {"temperature": 21.5}。',
      refused: 'wrong-zh 以 device 的身份连接时被拒绝。',
      remedy: '令牌或密码错误。请在第 2 步创建令牌，并重新复制命令。',
      heard: '已收到消息，但无法存储。',
      elsewhere: '主题 iot/acme/plant/wrong-zh 上的消息已收到，但该主题不是遥测主题。',
    },
  } as const;
  for (const language of ['en', 'zh'] as const) {
    const device = `wrong-${language}`;
    await using tab = await scene.visit(at(device), { language });
    const { page } = tab;
    const command = await commandOf(page);
    await inShell(command.replace(/-m .*$/, "-m 'not JSON'"));
    await sees(page, words[language].letter);
    await sees(page, words[language].mend);
    await sees(page, words[language].heard);
    await inShell(command.replace(`${device}/telemetry`, device));
    await sees(page, words[language].elsewhere);
    await assert.rejects(inShell(command.replace(' -t ', ' -u device -P skt_wrong -t ')));
    await sees(page, words[language].refused);
    await sees(page, words[language].remedy);
    assert.equal(await page.locator('.arrivals-good').count(), 0, 'nothing has arrived well');
    await page.locator('.wrong-one a').click();
    await page.waitForURL(/dead-letters\/\d+$/);
    assert.deepEqual(tab.complaints, []);
  }
});

test('connect tells that the token of one device may not send for another', async () => {
  const { token } = (await scene.ask('POST', '/api/v1/onboarding', { ...SITE, device: 'mine' })) as {
    token: string;
  }; // as the API says
  await using tab = await scene.visit(at('theirs'));
  const { page } = tab;
  const command = await commandOf(page);
  await assert.rejects(inShell(command.replace(' -t ', ` -u device -P ${token} -t `)));
  await sees(page, `theirs may not publish on ${SITE_TOPICS}/theirs/telemetry.`);
  await sees(page, 'A token of step 2 is good for one device only');
  assert.equal(await page.locator('.wrong-one').count(), 1, 'the cut-off is not told besides');
  assert.equal(await page.locator('.arrivals-good').count(), 0);
  assert.deepEqual(tab.complaints, []);
});

test('connect refuses a name that can stand in no topic, and says so beside the field', async () => {
  await using tab = await scene.visit(at('good'));
  const { page } = tab;
  await commandOf(page);
  const field = page.getByLabel('Device', { exact: true });
  await field.fill('a/b');
  await sees(page, 'Letters, digits and most signs, but no / + or #');
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  await page.locator('.connect-steps.stale .code-block').first().waitFor();
  await field.fill('');
  await sees(page, 'A name is needed here.');
  assert.equal(await page.locator('.stale[inert]').count(), 2, 'the steps stay, and cannot be used');
  await field.fill("pump 'north' 7");
  await page.locator('.stale').first().waitFor({ state: 'detached' });
  await page.locator('.code-block pre', { hasText: 'north' }).waitFor();
  const command = await commandOf(page);
  await inShell(command);
  await sees(page, "pump 'north' 7 is connected: its message has arrived.");
  assert.deepEqual(tab.complaints, []);
});

test('connect lets a viewer watch and says who makes tokens', async () => {
  await using tab = await scene.visit(at('watched-1'), { role: 'viewer' });
  const { page } = tab;
  await sees(page, 'Your role cannot make tokens.');
  assert.equal(await page.getByRole('button', { name: 'Make a token for this device' }).count(), 0);
  assert.equal(await page.getByRole('link', { name: 'No device at hand? Simulate some' }).count(), 0);
  await scene.publish([`${SITE_TOPICS}/watched-1/telemetry`, '{"humidity": 40}']);
  await sees(page, 'watched-1 is connected: its message has arrived.');
  await page.locator('.arrivals td.value', { hasText: '40' }).waitFor();
  assert.deepEqual(tab.complaints, []);
});

test('connect tells what HTTP refused and who came without TLS, and asks about a device of the same name elsewhere', async () => {
  await using tab = await scene.visit(at('astray', '&way=http'));
  const { page } = tab;
  const command = await commandOf(page);
  await sees(page, 'Waiting for the first message');
  await inShell(command);
  await sees(page, `An HTTP request for acme/plant/astray was refused.`);
  await sees(page, 'HTTP wants a token with every request.');
  const socket = (await scene.ask('GET', '/api/v1/config')) as {
    listeners: readonly { name: string; port: number }[];
  }; // as the API says
  const port = socket.listeners.find(({ name }) => name === 'ws')?.port;
  await assert.rejects(inShell(`mosquitto_pub -h 127.0.0.1 -p ${port} -t a -m b`));
  await sees(page, 'It speaks plain MQTT on the port of MQTT over WebSocket.');
  await scene.publish(['iot/acme/northpark/astray/telemetry', '{"a": 1}']);
  await sees(page, 'A device called astray has appeared in acme/northpark meanwhile.');
  assert.deepEqual(tab.complaints, []);
});

test('connect says where the server listens when nothing has come for a while', async () => {
  await using tab = await scene.visit(at('silent-1'));
  const { page } = tab;
  await page.clock.install();
  await page.reload();
  await sees(page, 'Waiting for the first message');
  assert.equal(await page.getByText('This server listens on').count(), 0);
  // whatever the server tells of its time sets the page's clock right again
  await until('the addresses', async () => {
    await page.clock.fastForward(25_000);
    return (await page.getByText('This server listens on').count()) > 0;
  });
  await page.locator('.arrivals code', { hasText: `mqtt://127.0.0.1:${scene.server.mqttPort}` }).waitFor();
});

test('connect with TLS: a choice of place, the certificate to save where the device is, and a token for the network', async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), 'skerry-connect-'));
  const { authority, certFile, keyFile } = makeCertificates(folder.path);
  appendFileSync(certFile, readFileSync(authority));
  await using encrypted = await openScene({
    SKERRY_MQTT_HOST: '0.0.0.0',
    SKERRY_MQTT_TLS_CERT_FILE: certFile,
    SKERRY_MQTT_TLS_KEY_FILE: keyFile,
    SKERRY_HTTP_HOST_NAMES: 'plant.example',
  });
  await using tab = await encrypted.visit(at('far-1'));
  const { page } = tab;
  assert.match(await commandOf(page), /^mosquitto_pub -h 127\.0\.0\.1 -p \d+ -q 1 /);
  await page.getByRole('radio', { name: 'From elsewhere in the network' }).check();
  await sees(page, 'Without a token this will be refused; make one in step 2.');
  assert.match(
    await commandOf(page),
    /^mosquitto_pub -h plant\.example -p \d+ --cafile skerry-ca\.pem -q 1 /,
  );
  await sees(page, 'The certificate is not for plant.example');
  await page.locator('.facts code', { hasText: 'mqtts://plant.example:' }).waitFor();
  await page.locator('.facts code', { hasText: 'wss://plant.example:' }).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('link', { name: 'skerry-ca.pem' }).click(),
  ]);
  assert.equal(download.suggestedFilename(), 'skerry-ca.pem');
  assert.ok(readFileSync(await download.path(), 'utf8').includes(readFileSync(authority, 'utf8').trim()));
  await page.getByRole('button', { name: 'Make a token for this device' }).click();
  await sees(page, 'It is shown this once');
  assert.match(await commandOf(page), / -u device -P skt?_/);
  await page.getByRole('radio', { name: 'From the machine of the server' }).check();
  assert.match(await commandOf(page), /^mosquitto_pub -h 127\.0\.0\.1 .* -u device -P /);
  assert.deepEqual(tab.complaints, []);
});

test('connect: axe finds nothing, the kept pictures are like it, and it fits', async () => {
  await scene.publish([`${SITE_TOPICS}/looked-at/telemetry`, 'not JSON']);
  // what comes behind the opening of a page is told on it
  await until('it is decoded', async () => {
    const { totals } = (await scene.ask('GET', '/api/v1/ledger')) as { totals: { pending: number } }; // as the API says
    return totals.pending === 0;
  });
  const look = {
    name: 'connect',
    path: at('looked-at'),
    whole: async (page: Page) => {
      await page.locator('.code-block').first().waitFor();
      await page.locator('.arrival-state').waitFor();
    },
  };
  assert.deepEqual(await lookFaults(scene, look), []);
});
