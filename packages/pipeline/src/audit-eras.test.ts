import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_KIND } from '@skerry/journal';
import { type AuditReport, auditLedger } from './audit.ts';
import { type AuditRoutes, EraRoutes, type RouteEra } from './audit-eras.ts';
import type { AuditJournal } from './audit-source.ts';
import { MemoryAuditSource } from './memory-audit-source.ts';
import { DEFAULT_ROUTES, type RouteConfig } from './routes.ts';
import type { SampleRecord } from './testing/record-builder.ts';
import { Rig } from './testing/rig.ts';

const routesWith = (...templates: string[]): RouteConfig => ({ templates, unmatched: 'messaging' });

const BY_DEVICE = routesWith('iot/{tenantId}/{projectId}/{deviceId}/telemetry');
const BY_PLANT = routesWith('plants/{tenantId}/{projectId}/{deviceId?}');
const BY_PREFIX = routesWith('iot/{tenantId}/{projectId}/{deviceId?}/{metricPrefix?…}');

/** Journal and store over several lives of a pipeline, each with its own routes. */
class Site {
  readonly eras: RouteEra[] = [];
  readonly #rig = new Rig();
  readonly memory = new MemoryAuditSource(this.#rig.store);

  async live(routes: RouteConfig, ...records: SampleRecord[]): Promise<void> {
    const { journal } = this.#rig;
    const { store } = this.memory;
    const pipeline = await new Rig({ routes, sealPoints: 2 }).open({ journal, store });
    this.eras.push({ from: pipeline.committedPosition, routes });
    journal.append(...records);
    await pipeline.flush();
    await pipeline[Symbol.asyncDispose]();
  }

  /** Appended while no pipeline runs. */
  append(...records: SampleRecord[]): void {
    this.#rig.journal.append(...records);
  }

  async audit(routes: AuditRoutes = this.eras): Promise<AuditReport> {
    const journal: AuditJournal = Object.assign(this.#rig.journal, { receivedBefore: () => [] });
    const { signal } = new AbortController();
    for await (const step of auditLedger({ journal, source: this.memory, routes, signal }))
      if (step.kind === 'result') return step.report;
    assert.fail('The audit gave no result.');
  }
}

const detailsOf = ({ findings }: AuditReport) =>
  findings.map(({ device, offset, detail }) => [device, offset, detail]);

test('EraRoutes gives each offset the routes of its era, and those since with the newest first', () => {
  const routes = new EraRoutes([
    { from: 5, routes: BY_DEVICE },
    { from: 9, routes: BY_PLANT },
    { from: 12, routes: BY_PREFIX },
  ]);
  const topic = 'iot/t/p/d/telemetry';
  const kindsAt = [0, 5, 8, 9, 11, 12, 99].map((offset) => routes.at(offset, topic).metricPrefix);
  assert.deepEqual(kindsAt, ['', '', '', undefined, undefined, 'telemetry', 'telemetry']);
  assert.deepEqual(
    routes.since(8, topic).map(({ kind, metricPrefix }) => [kind, metricPrefix]),
    [
      ['telemetry', 'telemetry'],
      ['messaging', undefined],
      ['telemetry', ''],
    ],
  );
  assert.equal(routes.since(12, topic).length, 1);
  assert.equal(new EraRoutes(BY_PREFIX).at(0, topic).metricPrefix, 'telemetry');
});

test('auditLedger finds nothing after a template was taken away, and blames the store under the last routes alone', async () => {
  const site = new Site();
  const record = { topic: 'iot/t/p/d/telemetry', payload: '{"v":1,"w":2}' };
  await site.live(
    BY_DEVICE,
    record,
    { ...record, payload: '{"seq":1,"v":2}' },
    { ...record, payload: '{"seq":1,"v":2}' },
  );
  // received under the old routes, given its verdict under the new ones
  site.append(record);
  await site.live(BY_PLANT, { topic: 'plants/t/p/e', payload: '{"v":1}' });
  const report = await site.audit();
  assert.deepEqual(report.findings, []);
  const { stored, deduplicated, deadLettered } = report.totals;
  assert.deepEqual([stored, deduplicated, deadLettered], [3, 1, 1]);
  assert.deepEqual(detailsOf(await site.audit(BY_PLANT)), [
    ['-', 0, 'The record was stored, and cannot be decoded now.'],
    ['-', 1, 'The record was stored, and cannot be decoded now.'],
    ['d', -1, 'The account stored says 2 records; 0 were recounted.'],
    ['d', -1, 'The account deduplicated says 1 records; 0 were recounted.'],
    ['-', -1, 'The account stored says 0 records; 2 were recounted.'],
    ['-', -1, 'The account deduplicated says 0 records; 1 were recounted.'],
  ]);
});

test('auditLedger tells points of one era from those of another', async () => {
  const site = new Site();
  const record = { topic: 'iot/t/p/d/telemetry', payload: '{"v":1}' };
  await site.live(BY_DEVICE, record);
  await site.live(BY_PREFIX, record);
  assert.deepEqual((await site.audit()).findings, []);
  const [first, second] = site.eras;
  assert.ok(first && second);
  assert.deepEqual(detailsOf(await site.audit([first, { ...second, from: second.from + 1 }])), [
    ['d', 1, 'The point 0 (v) is stored in another series.'],
  ]);
});

const LOST: SampleRecord = { topic: 'plants/t/p/d', payload: '{"v":1}' };
const replayed = (replayOf: number): SampleRecord => ({ ...LOST, kind: RECORD_KIND.replay, replayOf });

test('auditLedger decodes a replayed letter under the template that was added, also when it is gone again', async () => {
  const site = new Site();
  await site.live(BY_DEVICE, LOST, LOST);
  await site.live(BY_PLANT, replayed(0));
  assert.deepEqual((await site.audit()).findings, []);
  assert.deepEqual((await site.audit()).totals.stored, 1);
  await site.live(BY_DEVICE, { topic: 'iot/t/p/d/telemetry', payload: '{"v":1}' });
  assert.deepEqual((await site.audit()).findings, []);
  // a build that knows nothing of the template cannot say what the points should be
  assert.deepEqual(detailsOf(await site.audit(BY_DEVICE)), [
    ['-', 0, 'The record was replayed and stored, and no routes since decode it.'],
    ['d', -1, 'The account stored says 2 records; 1 were recounted.'],
    ['-', -1, 'The account stored says 0 records; 1 were recounted.'],
  ]);
});

test('auditLedger decodes a replayed letter under the era that fits its points, and reports a point that fits none', async () => {
  const site = new Site();
  await site.live(BY_DEVICE, LOST);
  await site.live(BY_PLANT, replayed(0));
  await site.live(routesWith('plants/{tenantId}/{projectId}/{metricPrefix?…}'));
  assert.deepEqual((await site.audit()).findings, []);
  const { memory } = site;
  const points = memory.points.bind(memory);
  memory.points = async function* (from, to) {
    for await (const one of points(from, to)) yield { ...one, values: one.values.map(() => 7) };
  };
  assert.match(
    String(detailsOf(await site.audit())[0]?.[2]),
    /^The point 0 \(d\.v\) is stored in another series/,
  );
});

test('auditLedger counts a replayed letter that a duplicate was stored of for the device of its replay', async () => {
  const site = new Site();
  const numbered = { ...LOST, payload: '{"seq":7,"v":1}' };
  await site.live(BY_DEVICE, numbered);
  await site.live(BY_PLANT, numbered, { ...numbered, kind: RECORD_KIND.replay, replayOf: 0 });
  await site.live(DEFAULT_ROUTES);
  const report = await site.audit();
  assert.deepEqual(report.findings, []);
  assert.deepEqual([report.totals.stored, report.totals.deduplicated], [1, 1]);
});
