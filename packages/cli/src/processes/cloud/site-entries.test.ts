import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JournalError } from '@skerry/journal';
import type { WaitingRecord } from '@skerry/journal/kafka';
import type { RolePartition, RoleReport, RoleSource } from '@skerry/model';
import type { ReadingRole, ReadingSink, ReadingSource } from '@skerry/series/postgres';
import {
  partitionEntries,
  roleEntries,
  roleState,
  sinkEntries,
  sourceEntries,
  type ToldRole,
  unknownLags,
  withWaiting,
} from './site-entries.ts';

const SILENT_MS = 10_000;
const NOW = 1_800_000_000_000_000;
const JOURNAL = 'ab'.repeat(16);

type Facts = Partial<Omit<ReadingRole, 'report'>> & Partial<RoleReport>;

function aRole({ id = 'x', isEnded = false, toldMicros = NOW, ageMs = 500, ...facts }: Facts = {}): ToldRole {
  const report: RoleReport = {
    role: 'writer',
    place: 'box:/w1',
    name: 'box/1',
    version: '0.1.0',
    startedMicros: NOW - 100e6,
    sinceMicros: NOW - 50e6,
    reasons: [],
    slot: null,
    buffer: null,
    sources: [],
    partitions: [],
    ...facts,
  };
  const read = { id, isEnded, toldMicros, ageMs, report };
  return { ...read, state: roleState(read, SILENT_MS) };
}

function aPartition(facts: Partial<RolePartition> = {}): RolePartition {
  return {
    topic: 't',
    partition: 0,
    isWritten: true,
    lagRecords: 0,
    lagSeconds: 0,
    retentionLeftSeconds: null,
    reasons: [],
    sinks: [],
    ...facts,
  };
}

function aSource(facts: Partial<ReadingSource> = {}): ReadingSource {
  return {
    id: 0,
    journalId: JOURNAL,
    label: 't/0',
    owner: 'box/1',
    epoch: 1,
    seal: 4,
    position: 90,
    shift: 0,
    telemetryPosition: 90,
    points: 200,
    logTimeMicros: NOW,
    sealedMicros: NOW,
    foldLag: 0,
    rollupLag: 0,
    ...facts,
  };
}

function aWaiting(facts: Partial<WaitingRecord> = {}): WaitingRecord {
  const place = { topic: 't', partition: 0, offset: 90 };
  return {
    ...place,
    sinceMs: undefined,
    isTrimmed: false,
    retentionMs: undefined,
    fault: undefined,
    ...facts,
  };
}

const END = { topic: 't', partition: 0, journalId: JOURNAL, end: 100 };

test('roleState: who has stopped to tell is silent, whatever it said, and is so since its last word', () => {
  assert.equal(aRole().state, 'ready');
  assert.equal(aRole({ reasons: [{ code: 'a', detail: 'b' }] }).state, 'degraded');
  const silent = aRole({ ageMs: SILENT_MS + 1, toldMicros: NOW - 11e6 });
  assert.equal(silent.state, 'silent');
  assert.deepEqual(
    roleEntries([silent, aRole()]).map(({ sinceMicros }) => sinceMicros),
    [NOW - 11e6, NOW - 50e6],
  );
  assert.equal(aRole({ isEnded: true, ageMs: 99_999 }).state, 'ended');
});

test('roleEntries: a silent process has what nobody else has taken over', () => {
  const partitions = [aPartition(), aPartition({ partition: 1 })];
  const silent = aRole({ ageMs: SILENT_MS + 1, partitions });
  const heir = aRole({ id: 'y', partitions: [aPartition({ partition: 1 })] });
  assert.deepEqual(
    roleEntries([silent, heir]).map((one) => one.partitions),
    [['t/0'], ['t/1']],
  );
});

test('partitionEntries: an owner that does not write tells no lag; the records that wait do', () => {
  const reasons = [{ code: 'store-fenced', detail: 'taken over' }];
  const partition = aPartition({ isWritten: false, retentionLeftSeconds: null, reasons });
  const terms = { roles: [aRole({ partitions: [partition] })], sources: [aSource({ shift: 5 })] };
  const entries = partitionEntries({ ...terms, ends: [END], nowMicros: NOW });
  const [entry] = entries;
  assert.deepEqual(
    [entry?.owner?.state, entry?.lagRecords, entry?.lagSeconds, entry?.retentionAtMicros],
    ['ready', 15, undefined, undefined],
  );
  assert.deepEqual(entry?.reasons, reasons);
  const places = unknownLags(entries, terms.sources);
  assert.deepEqual(places, [{ topic: 't', partition: 0, offset: 85 }]);
  const sinceMs = NOW / 1_000 - 600_000;
  const waiting = places.map((one) => aWaiting({ ...one, sinceMs, retentionMs: 3_600_000 }));
  const [known] = withWaiting(entries, waiting, NOW);
  assert.deepEqual([known?.lagSeconds, known?.retentionAtMicros], [600, NOW + 3_000e6]);
  const caughtUp = { ...END, end: 85 };
  const [idle] = partitionEntries({ ...terms, ends: [caughtUp], nowMicros: NOW });
  assert.deepEqual([idle?.lagRecords, idle?.lagSeconds], [0, 0]);
});

test('partitionEntries: an owner that lives tells the lag in time, and when retention would have it', () => {
  const partition = aPartition({ lagRecords: 12, lagSeconds: 30, retentionLeftSeconds: 3_600 });
  const roles = [aRole({ partitions: [partition] })];
  const [entry] = partitionEntries({ roles, sources: [aSource()], ends: [END], nowMicros: NOW });
  assert.deepEqual(
    [entry?.owner?.name, entry?.position, entry?.end, entry?.lagRecords, entry?.lagSeconds],
    ['box/1', 90, 100, 10, 30],
  );
  assert.equal(entry?.retentionAtMicros, NOW - 500_000 + 3_600e6);
  assert.deepEqual(entry?.reasons, []);
});

test('partitionEntries: what came since the owner told is no older than its word; nothing waits at the end', () => {
  const roles = [aRole({ partitions: [aPartition()] })];
  const at = (end: number) =>
    partitionEntries({ roles, sources: [aSource()], ends: [{ ...END, end }], nowMicros: NOW })[0];
  assert.deepEqual([at(100)?.lagRecords, at(100)?.lagSeconds], [10, 0.5]);
  assert.deepEqual([at(90)?.lagRecords, at(90)?.lagSeconds, at(90)?.retentionAtMicros], [0, 0, undefined]);
});

test('partitionEntries: of nobody, or of a silent one, the lag is asked of Kafka', () => {
  const terms = { sources: [aSource()], ends: [END], nowMicros: NOW };
  const [nobody] = partitionEntries({ roles: [], ...terms });
  assert.deepEqual(
    [nobody?.owner, nobody?.lastOwner, nobody?.lagSeconds, nobody?.reasons[0]?.code],
    [undefined, 'box/1', undefined, 'unowned'],
  );
  const silent = aRole({ ageMs: 60_000, partitions: [aPartition({ lagRecords: 1, lagSeconds: 1 })] });
  const entries = partitionEntries({ roles: [silent], ...terms });
  assert.deepEqual(
    [entries[0]?.owner?.state, entries[0]?.lagSeconds, entries[0]?.reasons[0]?.code],
    ['silent', undefined, 'owner-silent'],
  );
  const wanted = unknownLags(entries, terms.sources);
  assert.deepEqual(wanted, [{ topic: 't', partition: 0, offset: 90 }]);
  // Kafka has lost the end of its log before: its offsets are lower than those of the store
  const sources = [aSource({ position: 97, shift: 7 })];
  const [moved] = partitionEntries({ ...terms, roles: [silent], sources });
  assert.deepEqual([moved?.position, moved?.end, moved?.lagRecords], [97, 107, 10]);
  assert.deepEqual(unknownLags(moved ? [moved] : [], sources), wanted);
  const sinceMs = NOW / 1_000 - 70_000;
  const [place] = wanted;
  assert.ok(place);
  const [known] = withWaiting(entries, [aWaiting({ ...place, sinceMs, retentionMs: 3_600_000 })], NOW);
  assert.deepEqual([known?.lagSeconds, known?.retentionAtMicros], [70, (sinceMs + 3_600_000) * 1_000]);
  const [gone] = withWaiting(entries, [aWaiting({ ...place, isTrimmed: true, retentionMs: 1 })], NOW);
  assert.deepEqual(
    gone?.reasons.map(({ code }) => code),
    ['owner-silent', 'offset-trimmed'],
  );
});

test('withWaiting: what Kafka does not say of a record is not known, with its words, and is no loss', () => {
  const entries = partitionEntries({ roles: [], sources: [aSource()], ends: [END], nowMicros: NOW });
  const fault = new JournalError('kafka-denied', 'Cannot look at record 90 of t/0: no right.');
  const [dark] = withWaiting(entries, [aWaiting({ fault })], NOW);
  assert.deepEqual([dark?.lagRecords, dark?.lagSeconds, dark?.retentionAtMicros], [10, undefined, undefined]);
  assert.deepEqual(
    dark?.reasons.map(({ code }) => code),
    ['unowned', 'kafka-denied'],
  );
  assert.match(
    String(dark?.reasons[1]?.detail),
    /is not known: Cannot look at record 90 of t\/0: no right\.$/,
  );
  const [dated] = withWaiting(entries, [aWaiting({ sinceMs: NOW / 1_000 - 5_000, fault })], NOW);
  assert.deepEqual([dated?.lagSeconds, dated?.retentionAtMicros, dated?.reasons.length], [5, undefined, 2]);
});

test('partitionEntries: of two that tell of a partition the one that the store knows writes it; a life before does not', () => {
  const partitions = [aPartition()];
  const roles = [
    aRole({ id: 'a', name: 'box/1', partitions }),
    aRole({ id: 'b', name: 'box/2', partitions }),
    aRole({ id: 'c', name: 'box/3', partitions, isEnded: true }),
  ];
  const ownerOf = (owner: string) =>
    partitionEntries({ roles, sources: [aSource({ owner })], ends: [END], nowMicros: NOW })[0]?.owner?.name;
  assert.deepEqual([ownerOf('box/1'), ownerOf('box/2')], ['box/1', 'box/2']);
  const silent = aRole({ id: 'a', name: 'box/1', partitions, ageMs: SILENT_MS + 1 });
  const terms = { sources: [aSource({ owner: 'box/1' })], ends: [END], nowMicros: NOW };
  for (const told of [
    [silent, ...roles.slice(1)],
    [...roles.slice(1), silent],
  ])
    assert.equal(partitionEntries({ roles: told, ...terms })[0]?.owner?.name, 'box/2', 'who lives has it');
});

test('partitionEntries: a topic that was made anew has its new partitions only; without Kafka what is known stays', () => {
  const old = aSource({ id: 7, journalId: 'cd'.repeat(16), position: 5_000 });
  const sources = [aSource(), old];
  const [entry, ...others] = partitionEntries({ roles: [], sources, ends: [END], nowMicros: NOW });
  assert.deepEqual([entry?.position, others], [90, []]);
  const [blind] = partitionEntries({ roles: [], sources: [aSource()], ends: undefined, nowMicros: NOW });
  assert.deepEqual([blind?.position, blind?.end, blind?.lagRecords], [90, undefined, undefined]);
});

test('sinkEntries: over all partitions, with the trouble of those who live, else the newest refusal', () => {
  const row: ReadingSink = {
    name: 'history',
    label: 't/0',
    journalId: JOURNAL,
    seal: 3,
    committed: 4,
    points: 10,
    refused: 0,
    missed: 0,
    behindMs: 2_000,
    retentionLeftMs: 60_000,
    lastRefusal: undefined,
  };
  const other = {
    ...row,
    label: 't/1',
    seal: 1,
    retentionLeftMs: undefined,
    refused: 2,
    lastRefusal: { reason: 'type', atMicros: 5 },
  };
  const terms = { sources: [aSource(), aSource({ label: 't/1' })], sinks: [row, other], nowMicros: NOW };
  const sink = (trouble: RoleReport['reasons'][number] | null) => ({
    name: 'history',
    kind: 'influxdb1',
    trouble,
  });
  const fed = (trouble: RoleReport['reasons'][number] | null, ageMs = 1) =>
    aRole({ ageMs, partitions: [aPartition({ sinks: [sink(trouble)] })] });
  const [primary, good] = sinkEntries({ roles: [fed(null)], ...terms });
  assert.deepEqual([primary?.isPrimary, primary?.position, primary?.points], [true, 8, 400]);
  assert.deepEqual(
    [good?.state, good?.kind, good?.position, good?.committed, good?.lagSeconds, good?.lastError?.detail],
    ['good', 'influxdb1', 4, 8, 2, 'type'],
  );
  assert.deepEqual([primary?.retentionAtMicros, good?.retentionAtMicros], [undefined, NOW + 60_000_000]);
  const [, ill] = sinkEntries({ roles: [fed({ code: 'sink-away', detail: 'x' })], ...terms });
  assert.deepEqual(
    [ill?.state, ill?.lastError],
    ['trouble', { code: 'sink-away', detail: 'x', atMicros: undefined }],
  );
  const [, lost] = sinkEntries({ roles: [fed(null, SILENT_MS + 1)], ...terms });
  assert.deepEqual([lost?.state, lost?.kind], ['unknown', '']);
});

test('sourceEntries: a broker is good while somebody who lives subscribes to all of it', () => {
  const source: RoleSource = {
    name: 'park',
    url: 'mqtt://h:1',
    share: '',
    clientId: 'g-park-single',
    phase: 'connected',
    troubles: [],
    filters: [],
    unacked: 0,
    brokerDropped: null,
  };
  const stateOf = (...roles: ToldRole[]) => sourceEntries(roles)[0]?.state;
  const gateway = (facts: Partial<RoleSource>, ageMs = 1) =>
    aRole({ role: 'gateway', ageMs, sources: [{ ...source, ...facts }] });
  const elsewhere = gateway({ clientId: '', phase: 'elsewhere' });
  assert.equal(stateOf(gateway({}), elsewhere), 'good');
  assert.equal(stateOf(gateway({ troubles: ['refused'] }), elsewhere), 'degraded');
  assert.equal(stateOf(gateway({ phase: 'waiting' }), elsewhere), 'degraded');
  assert.equal(stateOf(gateway({}, SILENT_MS + 1), elsewhere), 'silent');
  assert.equal(stateOf(elsewhere), 'unheld');
});
