import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { BatchBuilder, encodeHeaders, HEADER, RECORD_KIND, type RecordKind } from '@skerry/journal';
import { openSegmentJournal, type SegmentJournal } from '@skerry/journal/segment';
import { type Clock, createMeter, noFailpoints, silentLogger } from '@skerry/kernel';
import { nodeClock, nodeDisk, nodeRandom, turn } from '@skerry/kernel/node';
import { hasCode } from '@skerry/kernel/testing';
import {
  type AuditReport,
  type AuditStep,
  DEFAULT_ROUTES,
  openPipeline,
  type Pipeline,
} from '@skerry/pipeline';
import type { SeriesStore } from '@skerry/series';
import { openSqliteStore } from '@skerry/series/sqlite';
import { aSeal, StepClock, workAll } from '@skerry/series/testing';
import { type AuditRunOptions, runAudit } from './audit-run.ts';

/** In memory where there is such a place: no power is cut here. */
const PARENT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
const SEGMENT_BYTES = 2_000;
const DAY_MICROS = 86_400_000_000;

interface Sent {
  readonly device?: string;
  readonly payload: string;
  readonly topic?: string;
  readonly kind?: RecordKind;
  readonly qos?: number;
  readonly replayOf?: number;
  readonly receivedMicros?: number;
}

/** Journal, store and pipeline of the product in a folder that tests may look into. */
class Site implements AsyncDisposable {
  readonly folder: string;
  readonly #stack = new AsyncDisposableStack();
  readonly #builder = new BatchBuilder();
  #parts: { journal: SegmentJournal; store: SeriesStore; pipeline: Pipeline } | undefined;

  constructor(folder = mkdtempSync(`${PARENT}/skerry-audit-`)) {
    this.folder = folder;
  }

  get folders() {
    return { journal: `${this.folder}/journal`, series: `${this.folder}/series` };
  }

  get parts() {
    assert.ok(this.#parts, 'open first');
    return this.#parts;
  }

  async open(
    options: { sealPoints?: number; journalBytesMax?: number; storeClock?: Clock } = {},
  ): Promise<this> {
    const clock = nodeClock();
    const meter = createMeter();
    const common = { clock, meter, disk: nodeDisk(), logger: silentLogger, failpoint: noFailpoints };
    const { journalBytesMax = 2 ** 30, sealPoints = 4, storeClock = clock } = options;
    const journal = await openSegmentJournal(
      { folder: this.folders.journal, segmentBytes: SEGMENT_BYTES, reserveBytes: 0, journalBytesMax },
      { ...common, random: nodeRandom() },
    );
    this.#stack.use(journal);
    const store = await openSqliteStore(
      { folder: this.folders.series, retentionClass: 'default' },
      { ...common, clock: storeClock, breathe: turn },
    );
    this.#stack.use(store);
    const pipeline = await openPipeline(
      { routes: DEFAULT_ROUTES, sealPoints },
      { ...common, journal, store, breathe: turn },
    );
    this.#stack.use(pipeline);
    this.#parts = { journal, store, pipeline };
    return this;
  }

  /** Appends records as one batch and returns the first offset. */
  async send(...records: Sent[]): Promise<number> {
    const text = new TextEncoder();
    const builder = this.#builder;
    for (const one of records) {
      const { device = 'd', kind = RECORD_KIND.telemetry, qos = 1, replayOf } = one;
      builder.add({
        kind,
        qos,
        retain: false,
        project: builder.project('t', 'p'),
        receivedMicros: one.receivedMicros ?? nodeClock().nowMicros(),
        topic: text.encode(one.topic ?? `iot/t/p/${device}/telemetry`),
        client: text.encode('client'),
        payload: text.encode(one.payload),
        headers:
          replayOf === undefined
            ? new Uint8Array(0)
            : encodeHeaders([{ key: HEADER.replayOf, value: text.encode(String(replayOf)) }]),
      });
    }
    const batch = builder.close();
    assert.ok(batch);
    return (await this.parts.journal.append(batch)).firstOffset;
  }

  auditOptions(changes: Partial<AuditRunOptions> = {}): AuditRunOptions {
    return {
      folders: this.folders,
      retentionClass: 'default',
      rawDays: 3,
      eras: [{ from: 0, routes: DEFAULT_ROUTES }],
      journal: this.parts.journal,
      logger: silentLogger,
      ...changes,
    };
  }

  audit(changes: Partial<AuditRunOptions> = {}): Promise<AuditReport> {
    return reportOf(runAudit(this.auditOptions(changes), new AbortController().signal));
  }

  /** The newest day's file. */
  database(): DatabaseSync {
    const name = readdirSync(`${this.folders.series}/default`).findLast((one) => /^\d.*\.db$/.test(one));
    return new DatabaseSync(`${this.folders.series}/default/${name}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
    rmSync(this.folder, { recursive: true });
  }
}

async function reportOf(steps: AsyncIterable<AuditStep>): Promise<AuditReport> {
  let report: AuditReport | undefined;
  for await (const step of steps) if (step.kind === 'result') report = step.report;
  assert.ok(report, 'the audit gave no result');
  return report;
}

const payload = (seq: number) => JSON.stringify({ seq, v: seq, w: { x: `text ${seq}` } });
const found = ({ findings }: AuditReport) =>
  findings.map(({ device, offset, detail }) => [device, offset, detail]);

/** A site with every verdict in it, several segments and seals, and two records that are pending. */
async function aSite(): Promise<Site> {
  const site = await new Site().open();
  const { pipeline } = site.parts;
  for (let seq = 1; seq <= 20; seq++) await site.send({ payload: payload(seq) });
  await pipeline.flush();
  await site.send({ payload: payload(20) }, { device: 'e', payload: '{"v":9007199254740993,"on":true}' });
  await site.send({ payload: 'broken' }, { payload: '{}' }, { payload: 'broken too', qos: 0 });
  await site.send({ payload: 'hello', topic: 'chat', kind: RECORD_KIND.message });
  await site.send({ payload: '{}', topic: 'mtic/msg/client/realtime/t', kind: RECORD_KIND.misrouted });
  await site.send({ payload: '', kind: RECORD_KIND.discard, replayOf: 22 });
  await pipeline.flush();
  await pipeline[Symbol.asyncDispose]();
  await site.send({ payload: payload(21) }, { payload: payload(22), qos: 0 });
  return site;
}

test('runAudit finds nothing in a site that is whole', async () => {
  await using site = await aSite();
  const report = await site.audit();
  assert.deepEqual(report.findings, []);
  assert.deepEqual([report.balanced, report.fromOffset, report.toOffset, report.records], [true, 0, 30, 30]);
  const { received, stored, deduplicated, deadLettered, discarded, pending } = report.totals;
  assert.deepEqual([received, stored, deduplicated, deadLettered, discarded, pending], [28, 22, 1, 2, 1, 2]);
  assert.ok(readdirSync(site.folders.journal).filter((name) => name.endsWith('.seg')).length > 2);
});

test('runAudit reports a point that was taken out of a chunk, with device and offset', async () => {
  await using site = await aSite();
  const file = site.database();
  const row = file
    .prepare(
      'SELECT c.id, c.series, c.n, c.t0, c.t1, l.journal_from, l.position FROM chunks c JOIN series s ON s.id = c.series JOIN seals l ON l.number = c.seal WHERE s.metric = ? ORDER BY n DESC',
    )
    .get('v');
  assert.ok(row && Number(row.n) > 1);
  const page = await site.parts.store.query(
    {
      series: Number(row.series),
      fromMicros: Number(row.t0),
      toMicros: Number(row.t1) + 1,
      shape: { kind: 'raw', after: undefined, limit: 1_000, newestFirst: false },
      deadlineMs: 60_000,
    },
    [],
  );
  assert.ok(page.kind === 'points');
  // other chunks may have points of the same time
  const points = page.values
    .map((value, i) => ({
      series: 1,
      time: Number(page.times[i]),
      value,
      offset: Number(page.offsets[i]),
      ordinal: Number(page.ordinals[i]),
    }))
    .filter(({ offset }) => offset >= Number(row.journal_from) && offset < Number(row.position));
  assert.equal(points.length, Number(row.n));
  const [gone] = points.splice(1, 1);
  await using other = await new Site().open();
  await other.parts.store.seal(aSeal(1, points));
  const body = other.database().prepare('SELECT body FROM chunks').get()?.body;
  assert.ok(body instanceof Uint8Array);
  file.prepare('UPDATE chunks SET n = n - 1, body = ? WHERE id = ?').run(body, Number(row.id));
  const report = await site.audit();
  assert.equal(report.balanced, false);
  assert.deepEqual(found(report), [
    ['d', gone?.offset, `The point ${gone?.ordinal} (v) is not in the store.`],
  ]);
});

test('runAudit reports a counter that was changed, with the device', async () => {
  await using site = await aSite();
  site
    .database()
    .exec(
      "UPDATE accounts SET stored = stored + 1 WHERE device = (SELECT id FROM devices WHERE device = 'e')",
    );
  assert.deepEqual(found(await site.audit()), [
    ['e', -1, 'The account stored says 2 records; 1 were recounted.'],
    ['', -1, '28 records were received, 27 have a verdict and 2 are pending: a difference of -1.'],
  ]);
});

test('runAudit reports a record that was cut out of a segment, and only what its damage hides', async () => {
  await using site = await aSite();
  const copy = mkdtempSync(`${PARENT}/skerry-audit-`);
  cpSync(site.folders.journal, copy, { recursive: true });
  const segments = readdirSync(copy).filter((name) => name.endsWith('.seg'));
  const [name, next] = [String(segments[1]), Number(segments[2]?.slice(0, 20))];
  const bytes = readFileSync(`${copy}/${name}`);
  const cut = Number(name.slice(0, 20)) + 1;
  const at = bytes.indexOf(payload(cut + 1));
  writeFileSync(`${copy}/${name}`, Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 10)]));
  const report = await site.audit({ folders: { ...site.folders, journal: copy } });
  rmSync(copy, { recursive: true });
  const [damage, ...rest] = found(report);
  assert.deepEqual(damage?.slice(0, 2), ['', cut]);
  assert.match(String(damage?.[2]), new RegExp(`${name}: at byte \\d+ `));
  const hidden = Array.from({ length: next - cut }, (_, i) => cut + i);
  assert.ok(hidden.length > 1 && hidden.length < 20);
  assert.deepEqual(
    rest.slice(0, hidden.length),
    hidden.map((offset) => [
      'd',
      offset,
      'The journal does not hold the record. The store has 2 points of it.',
    ]),
  );
  assert.deepEqual(
    rest.slice(hidden.length).map(([device, offset]) => [device, offset]),
    [
      ['', -1],
      ['d', -1],
    ],
  );
});

test('runAudit reports a journal that has lost its end', async () => {
  await using site = await aSite();
  const { journal } = site.parts;
  const shorter = {
    id: journal.id,
    start: 0,
    end: 20,
    telemetryEnd: 20,
    received: () => [{ tenant: 't', project: 'p', received: 20, receivedQos0: 0 }],
    receivedBefore: () => [],
    figures: () => undefined,
  };
  assert.deepEqual(found(await site.audit({ journal: shorter }))[0], [
    '',
    20,
    'The store has seen records up to 28; the journal ends at 20.',
  ]);
});

test('runAudit begins where retention has removed what lies before, and finds nothing', async () => {
  const startMicros = nodeClock().nowMicros() - 7 * DAY_MICROS;
  const storeClock = new StepClock(startMicros);
  await using site = await new Site().open({ storeClock });
  const { store, pipeline } = site.parts;
  for (let day = 0; day < 7; day++) {
    const receivedMicros = startMicros + day * DAY_MICROS;
    const first = await site.send(
      { receivedMicros, payload: payload(2 * day + 1) },
      { receivedMicros, payload: payload(2 * day + 2) },
      { receivedMicros, payload: 'broken' },
      { receivedMicros, payload: 'broken too' },
    );
    await site.send({ receivedMicros, payload: '', kind: RECORD_KIND.discard, replayOf: first + 2 });
    await pipeline.flush();
    await workAll(store);
    storeClock.advance(DAY_MICROS / 1000);
  }
  const report = await site.audit();
  assert.deepEqual(report.findings, []);
  assert.ok(report.balanced && report.fromOffset > 0 && report.fromOffset % 5 === 0);
  assert.deepEqual([report.toOffset, report.records], [35, 35 - report.fromOffset]);
  assert.deepEqual([report.totals.received, report.totals.discarded], [28, 7]);
});

test('runAudit begins at the first era, since nobody knows how to decode what lies before', async () => {
  await using site = await aSite();
  const other = { templates: ['other/{tenantId}/{projectId}'], unmatched: 'messaging' } as const;
  const known = { from: 11, routes: DEFAULT_ROUTES };
  const report = await site.audit({ eras: [known] });
  assert.deepEqual([report.findings, report.fromOffset, report.records], [[], 11, 19]);
  assert.ok((await site.audit({ eras: [{ from: 0, routes: other }, known] })).findings.length > 10);
});

test('runAudit says that nothing could be recounted when no record of the journal lies in a known era', async () => {
  await using site = await new Site().open();
  await site.send({ payload: payload(1) }, { payload: payload(2) });
  await site.parts.pipeline.flush();
  const { start, end } = site.parts.journal;
  const report = await site.audit({ eras: [{ from: end, routes: DEFAULT_ROUTES }] });
  assert.deepEqual([report.records, report.balanced, report.findings.length], [0, false, 1]);
  const wanted = `Nothing could be recounted: the journal holds the records from ${start} to ${end - 1}, `;
  assert.equal(String(report.findings[0]?.detail).slice(0, wanted.length), wanted);
  await using empty = await new Site().open();
  const nothing = await empty.audit();
  assert.deepEqual([nothing.records, nothing.balanced], [0, true]);
});

/** An audit; one that came too late to hold the segments says so, and is asked for again. */
async function askedAgain(site: Site): Promise<AuditReport> {
  for (;;) {
    try {
      return await site.audit();
    } catch (fault) {
      if (!(fault instanceof Error && 'code' in fault && fault.code === 'offset-trimmed')) throw fault;
    }
  }
}

test('runAudit beside appends, seals, merges and trimming that go on finds nothing', async () => {
  await using site = await new Site().open({ journalBytesMax: 60_000 });
  const { journal, store, pipeline } = site.parts;
  let seq = 0;
  const goOn = async () => {
    const records = Array.from({ length: 20 }, () => ({ device: `d${seq % 7}`, payload: payload(++seq) }));
    await site.send(...records);
    await pipeline.flush();
    while (await store.work()) await turn();
    await journal.trim();
  };
  while (journal.start === 0) await goOn();
  let trimmed = 0;
  for (let run = 0; run < 4; run++) {
    const before = { seq, start: journal.start };
    let report: AuditReport | undefined;
    const done = askedAgain(site).then((result) => {
      report = result;
    });
    while (!report) {
      await goOn();
      await Promise.race([done, turn()]);
    }
    const { findings, balanced, fromOffset, toOffset } = report;
    assert.deepEqual(findings, []);
    assert.ok(balanced && toOffset >= before.seq && fromOffset >= before.start);
    trimmed += journal.start - fromOffset;
  }
  assert.ok(trimmed > 0, 'segments were removed while they were read');
});

test('runAudit gives faults of its thread with their codes', async () => {
  await using site = await aSite();
  site.database().exec("UPDATE chunks SET body = x'00000000000000000000' WHERE id = 1");
  await assert.rejects(site.audit(), hasCode('chunk-damaged'));
  site.database().exec('PRAGMA application_id = 7');
  await assert.rejects(site.audit(), hasCode('store-damaged'));
  const folders = { ...site.folders, journal: `${site.folder}/nothing` };
  await assert.rejects(site.audit({ folders }), hasCode('not-found'));
});

test('runAudit before the first seal finds everything pending', async () => {
  await using site = await new Site().open();
  await site.parts.pipeline[Symbol.asyncDispose]();
  await site.send({ payload: payload(1) }, { payload: payload(2) });
  const report = await site.audit();
  assert.deepEqual(report.findings, []);
  assert.deepEqual([report.records, report.totals.received, report.totals.pending], [2, 2, 2]);
});

test('runAudit asks the journal for its numbers after the snapshot was taken', async () => {
  await using site = await aSite();
  const { journal } = site.parts;
  const told: string[] = [];
  const late = {
    id: journal.id,
    start: journal.start,
    get end() {
      told.push('end');
      return journal.end;
    },
    telemetryEnd: journal.telemetryEnd,
    received: () => journal.received(),
    receivedBefore: () => [],
    figures: () => told.push('asked'),
  };
  assert.deepEqual(found(await site.audit({ journal: late })), []);
  assert.deepEqual(told, ['asked', 'end']);
});

test('runAudit ends its thread when it is aborted or nobody listens any more', async () => {
  await using site = await aSite();
  const stop = new AbortController();
  const steps = runAudit(site.auditOptions(), stop.signal);
  assert.equal((await steps.next()).value?.kind, 'progress');
  stop.abort();
  assert.deepEqual(await steps.next(), { done: true, value: undefined });
  for await (const step of runAudit(site.auditOptions(), new AbortController().signal)) {
    assert.ok(step);
    break;
  }
  const early = new AbortController();
  const { id, start, end, telemetryEnd } = site.parts.journal;
  const journal = {
    id,
    start,
    end,
    telemetryEnd,
    received: () => [],
    receivedBefore: () => [],
    figures: () => new Promise(() => early.abort()),
  };
  for await (const step of runAudit(site.auditOptions({ journal }), early.signal)) assert.fail(step.kind);
  assert.deepEqual(await runAudit(site.auditOptions(), AbortSignal.abort()).next(), {
    done: true,
    value: undefined,
  });
  // nobody holds a snapshot any more
  const file = site.database();
  assert.equal(file.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get()?.busy, 0);
  assert.equal(process.getActiveResourcesInfo().includes('MessagePort'), false);
});
