// The processes of a larger site on the page Pipeline, and what a ledger over roles is not sure of.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AccessScene, LOCAL_TOKEN, openAccessScene } from '@skerry/access/testing';
import {
  type Api,
  ApiError,
  openApi,
  type PartitionEntry,
  type RoleEntry,
  type SinkEntry,
  type SourceEntry,
  type SourceGateway,
} from '@skerry/api';
import { MemoryPlatform } from '@skerry/api/testing';
import { createMeter, silentLogger } from '@skerry/kernel';
import { nodeClock } from '@skerry/kernel/node';
import { type SessionCookie, sessionCookie } from '@skerry/testkit';
import type { Page } from 'playwright-core';
import {
  axeFindings,
  buildPage,
  findingsInBothThemes,
  focusIsOn,
  misfits,
  openBrowser,
  PAGE_FOLDER,
  sees,
  type Visitors,
} from './browser.ts';
import { pictureFault } from './pictures.ts';

const clock = nodeClock();
let browser: Visitors;
let scene: AccessScene;

before(async () => {
  buildPage();
  browser = await openBrowser();
  scene = await openAccessScene();
  await scene.access.book.addUser('admin', { grants: [{ role: 'admin' }] });
  await scene.access.book.addUser('vera', { grants: [{ role: 'viewer', tenant: 'acme' }] });
});

after(async () => {
  await browser[Symbol.asyncDispose]();
  await scene[Symbol.asyncDispose]();
});

function serve(platform: MemoryPlatform): Promise<Api> {
  const needs = { platform, clock, logger: silentLogger, meter: createMeter(), access: scene.access };
  const bounds = { drainMs: 100 };
  return openApi({ host: '127.0.0.1', port: 0, staticFolder: PAGE_FOLDER, bounds }, needs);
}

function cookieOf(api: Api, name = 'admin'): Promise<SessionCookie> {
  return sessionCookie(api.url, LOCAL_TOKEN, name);
}

function aRole(name: string, facts: Partial<RoleEntry>): RoleEntry {
  const now = clock.nowMicros();
  return {
    role: 'gateway',
    name,
    place: `${name.split('/')[0]}:/var/lib/skerry`,
    version: '0.1.0',
    state: 'ready',
    reasons: [],
    sinceMicros: now - 3_600e6,
    startedMicros: now - 7_200e6,
    toldMicros: now - 1e6,
    toldMs: 1_000,
    slot: undefined,
    buffer: undefined,
    sources: [],
    partitions: [],
    ...facts,
  };
}

function aPartition(partition: number, facts: Partial<PartitionEntry> = {}): PartitionEntry {
  return {
    topic: 'iot.telemetry',
    partition,
    owner: { name: 'store-a/21', state: 'ready' },
    lastOwner: undefined,
    position: 48_210,
    end: 48_210,
    lagRecords: 0,
    lagSeconds: 0,
    retentionAtMicros: undefined,
    reasons: [],
    ...facts,
  };
}

const REFUSAL = 'The broker refuses "plant/#": not authorized.';
const LOWER =
  'The broker grants QoS 0 for "hall/#"; 1 is wanted. What it sends while nobody is connected is lost.';

function aGateway(name: string, facts: Partial<SourceGateway>): SourceGateway {
  return {
    name,
    state: 'ready',
    clientId: `skerry-gateway-park-${name.at(-1)}`,
    phase: 'connected',
    troubles: [],
    unacked: 0,
    brokerDropped: 0,
    filters: [{ filter: '$share/skerry/park/#', wanted: 1, granted: 1, state: 'granted', why: '' }],
    ...facts,
  };
}

/** A site with a gateway that tells nothing any more, a broker that grants too little, and a partition of nobody. */
function aSite(): MemoryPlatform {
  const platform = new MemoryPlatform(clock, { liveBatchesMax: 1_000 });
  platform.ingest([
    { tenant: 'acme', project: 'plant', device: 'pump-1', values: { flow: 7 } },
    { tenant: 'acme', project: 'plant', device: 'pump-2', values: undefined },
  ]);
  const now = clock.nowMicros();
  const { site } = platform;
  site.items = [
    aRole('edge-a/11', {
      slot: { group: 'skerry-gateway', number: 0, epoch: 3 },
      buffer: { records: 0, seconds: 0 },
      sources: ['park', 'hall'],
      state: 'degraded',
      reasons: [{ code: 'source', detail: `hall: ${REFUSAL}` }],
    }),
    aRole('edge-b/12', {
      slot: { group: 'skerry-gateway', number: 1, epoch: 1 },
      buffer: { records: 1_204, seconds: 2.5 },
      sources: ['park'],
      state: 'silent',
      toldMs: 95_000,
    }),
    aRole('store-a/21', { role: 'writer', partitions: ['iot.telemetry/0', 'iot.telemetry/1'] }),
    aRole('console-a/31', { role: 'cloud', buffer: { records: 0, seconds: 0 } }),
  ];
  site.ranges = [
    aPartition(0),
    aPartition(1, { end: 48_940, lagRecords: 730, lagSeconds: 12, retentionAtMicros: now + 250_000e6 }),
    aPartition(2, {
      owner: undefined,
      lastOwner: 'store-b/22',
      end: 90_000,
      lagRecords: 41_790,
      lagSeconds: 258_000,
      retentionAtMicros: now + 1_200e6,
      reasons: [{ code: 'unowned', detail: 'no writer has it: its records wait in Kafka' }],
    }),
  ];
  site.stores = stores(now);
  site.brokers = brokers();
  return platform;
}

/** The primary store, one that cannot be reached and will miss something, and one that nobody feeds. */
function stores(now: number): SinkEntry[] {
  const whole = { refused: 0, missed: 0, retentionAtMicros: undefined, lastError: undefined };
  const sink = { ...whole, isPrimary: false, position: 40, committed: 45 };
  return [
    {
      ...{ ...whole, name: 'store', kind: 'postgresql', isPrimary: true, state: 'good', position: 45 },
      ...{ committed: 45, points: 96_420, lagSeconds: 0 },
    },
    {
      ...{ ...sink, name: 'history', kind: 'influxdb2', state: 'trouble', points: 80_000, lagSeconds: 75 },
      retentionAtMicros: now + 250_000e6,
      lastError: {
        code: 'sink-unreachable',
        detail: 'sink history: connect ECONNREFUSED',
        atMicros: undefined,
      },
    },
    {
      ...{ ...sink, name: 'old', kind: '', state: 'unknown', points: 12, lagSeconds: 0 },
      ...{ refused: 3, lastError: { code: 'sink-refused', detail: 'field type conflict', atMicros: now } },
    },
  ];
}

function brokers(): SourceEntry[] {
  return [
    {
      ...{ name: 'hall', url: 'mqtts://hall.example:8883', share: '', state: 'degraded' },
      gateways: [
        aGateway('edge-a/11', {
          clientId: 'skerry-gateway-hall-single',
          troubles: [REFUSAL, LOWER],
          filters: [
            { filter: 'plant/#', wanted: 1, granted: null, state: 'refused', why: REFUSAL },
            { filter: 'hall/#', wanted: 1, granted: 0, state: 'lower', why: LOWER },
          ],
        }),
        aGateway('edge-b/12', { state: 'silent', clientId: '', phase: 'elsewhere', filters: [] }),
      ],
    },
    {
      ...{ name: 'park', url: 'mqtt://park.example:1883', share: 'skerry', state: 'good' },
      gateways: [aGateway('edge-a/11', {}), aGateway('edge-b/12', { state: 'silent', unacked: 12 })],
    },
  ];
}

const whole = (page: Page) => page.locator('.site-source').last().waitFor();

test('site: axe finds nothing in both languages and themes, the kept pictures are like it, and it fits narrow windows', async () => {
  await using api = await serve(aSite());
  const cookie = await cookieOf(api);
  const blank = await browser.blank();
  const faults: string[] = [];
  for (const [language, theme] of [
    ['en', 'light'],
    ['zh', 'dark'],
  ] as const) {
    await using tab = await browser.open(`${api.url}/pipeline`, { cookie, language, theme });
    await whole(tab.page);
    await tab.page.locator('.connection-live').waitFor();
    const fault = await pictureFault(tab.page, blank, `site-${theme}`);
    if (fault !== undefined) faults.push(fault);
    const findings = await findingsInBothThemes(tab.page, theme);
    faults.push(...findings.map((finding) => `${language} ${finding}`), ...tab.complaints);
  }
  for (const language of ['pseudo', 'zh'] as const) {
    await using tab = await browser.open(`${api.url}/pipeline`, { cookie, language });
    await whole(tab.page);
    faults.push(...(await misfits(tab.page)).map((part) => `${language} ${part}`));
  }
  await blank.close();
  assert.deepEqual(faults, []);
});

test('site: each fact stands where one looks for it, in both languages', async () => {
  await using api = await serve(aSite());
  const cookie = await cookieOf(api);
  for (const [language, facts] of [
    [
      'en',
      {
        'edge-b/12': ['Silent', '1 minute ago', '1,204 records, the oldest for 2.5 s', 'number 1'],
        'edge-a/11': ['Degraded', 'hall: The broker refuses', 'subscribes to park, hall'],
        'iot.telemetry/2': ['nobody', 'last store-b/22', '48,210', '90,000', '41,790', '2 days'],
        'iot.telemetry/1': ['store-a/21', '730', '12 seconds'],
        history: [
          'In trouble',
          '40 of 45',
          '75 seconds',
          'Would be removed: ',
          'connect ECONNREFUSED',
          'InfluxDB 2',
        ],
        old: ['Fed by nobody', 'field type conflict', '3'],
        'hall/#': ['QoS 0 instead of 1'],
        'plant/#': ['refused', 'not authorized', 'skerry-gateway-hall-single', 'connected'],
      },
    ],
    [
      'zh',
      {
        'edge-b/12': ['静默', '1分钟前', '1,204 条记录，最早的已等待 2.5 s', '编号 1'],
        'edge-a/11': ['降级', '某个来源有故障。', '订阅 park, hall'],
        'iot.telemetry/2': ['无人', '上次为 store-b/22', '没有写入器持有它。'],
        history: ['有故障', '40，共 45', '将被移除的时间'],
        'plant/#': ['被拒绝'],
      },
    ],
  ] as const) {
    await using tab = await browser.open(`${api.url}/pipeline`, { cookie, language });
    const { page } = tab;
    await whole(page);
    for (const [row, texts] of Object.entries(facts))
      for (const text of texts)
        await page.locator('tr', { hasText: row }).filter({ hasText: text }).first().waitFor();
    assert.deepEqual(tab.complaints, []);
  }
});

test('site: its dead letters lead to their reason, details open by the keyboard, and the way back leads here', async () => {
  await using api = await serve(aSite());
  await using tab = await browser.open(`${api.url}/pipeline`, { cookie: await cookieOf(api) });
  const { page } = tab;
  await whole(page);
  const partitions = page.locator('summary', { hasText: '2 partitions' });
  await partitions.focus();
  await page.keyboard.press('Enter');
  await sees(page, 'iot.telemetry/0, iot.telemetry/1');
  const link = page.getByRole('link', { name: 'Cannot be decoded' });
  const focused = () => page.evaluate<string>('document.activeElement.textContent');
  for (let stops = 0; stops < 50 && !(await focused()).includes('Cannot be decoded'); stops++)
    await page.keyboard.press('Tab');
  await focusIsOn(link);
  await page.keyboard.press('Enter');
  await page.waitForURL('**/dead-letters?reason=undecodable');
  await sees(page, '1 dead letter');
  await page.goBack();
  await whole(page);
  assert.deepEqual(tab.complaints, []);
});

test('site: what cannot be asked again is not called ready any more', async () => {
  const platform = aSite();
  await using api = await serve(platform);
  await using tab = await browser.open(`${api.url}/pipeline`, { cookie: await cookieOf(api) });
  const { page } = tab;
  const row = page.locator('tr', { hasText: 'console-a/31' });
  await row.getByText('Ready').waitFor();
  platform.site.roles = () => Promise.reject(new ApiError('unavailable', 'PostgreSQL is away'));
  await row.getByText('Not current').waitFor();
  await sees(page, 'PostgreSQL is away');
  assert.equal(await page.locator('tr .badge-good', { hasText: 'Ready' }).count(), 0);
  assert.deepEqual(await axeFindings(page), []);
});

test('site: somebody of one tenant sees no process, asks for none, and sees the dead letters', async () => {
  await using api = await serve(aSite());
  await using tab = await browser.open(`${api.url}/pipeline`, { cookie: await cookieOf(api, 'vera') });
  const { page } = tab;
  await page.getByRole('link', { name: 'Cannot be decoded' }).waitFor();
  assert.equal(await page.getByRole('heading', { name: 'Roles' }).count(), 0);
  assert.deepEqual(tab.complaints, []);
});

test('ledger: what it is not sure of is told in both languages, and fits', async () => {
  const platform = aSite();
  const ledger = platform.ledger.bind(platform);
  const note = { subject: '', detail: '' };
  platform.ledger = async () => ({
    ...(await ledger()),
    notes: [
      { ...note, code: 'gateway-untold', subject: 'ab'.repeat(16), records: 12 },
      { ...note, code: 'gateway-ahead', subject: 'edge-a, skerry-gateway', records: 1 },
      { ...note, code: 'foreign-records', records: 7 },
      { ...note, code: 'kafka-silent', records: 0 },
    ],
  });
  await using api = await serve(platform);
  const cookie = await cookieOf(api);
  for (const [language, ...facts] of [
    [
      'en',
      'What is not certain',
      'Up to 1 record of the gateway edge-a, skerry-gateway has a verdict',
      '12 records came from a gateway that tells nothing of what it receives',
      '7 records were put into Kafka by another producer',
      'Kafka does not answer',
    ],
    [
      'zh',
      '不确定之处',
      '12 条记录来自不报告其接收情况的网关',
      '7 条记录由其他生产者放入 Kafka',
      'Kafka 没有应答',
    ],
  ] as const) {
    await using tab = await browser.open(`${api.url}/ledger`, { cookie, language });
    for (const fact of facts) await sees(tab.page, fact);
    assert.deepEqual([...(await misfits(tab.page)), ...(await axeFindings(tab.page))], []);
  }
});
