import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PartitionEnd } from '@skerry/journal/kafka';
import type { ReadingLedger } from '@skerry/series/postgres';
import { roleLedger } from './role-ledger.ts';

const GATEWAY = 'a'.repeat(32);
const PARTITION = 'b'.repeat(32);

interface Site {
  /** Records that the gateway counted, and of those the ones that Kafka has. */
  readonly told?: number;
  readonly sent?: number;
  readonly judged?: number;
  readonly repeated?: number;
  /** Records of another producer that were judged beside those. */
  readonly foreign?: number;
  /** Highest offset at the gateway that was judged; the last of them when absent. */
  readonly highest?: number;
  /** Offsets that were taken when Kafka lost the end of its log. */
  readonly shift?: number;
}

/** A gateway, one partition, one project, as the tables show them. */
function aSite({
  told = 100,
  sent = told,
  judged = 100,
  repeated = 0,
  foreign = 0,
  highest,
  shift = 0,
}: Site = {}): ReadingLedger {
  const verdicts = { deduplicated: repeated, filtered: 0, deadLettered: 0, discarded: 0, expired: 0 };
  const position = judged + repeated + foreign;
  return {
    projects: [{ tenant: 't', project: 'p', stored: judged + foreign, ...verdicts, repeated }],
    telemetryPosition: position,
    sources: [
      {
        journalId: PARTITION,
        label: 'iot.telemetry/0',
        position: position + shift,
        shift,
        telemetryPosition: position,
      },
    ],
    gateways: [
      {
        journalId: GATEWAY,
        name: 'gate-1',
        asOf: told,
        sent,
        isEnded: false,
        toldMicros: 0,
        accounts: [{ tenant: 't', project: 'p', received: told, receivedQos0: 0 }],
      },
    ],
    origins: [{ journalId: GATEWAY, offset: highest ?? judged - 1, records: judged, lost: 0 }],
  };
}

function ending(end: number): PartitionEnd[] {
  return [{ topic: 'iot.telemetry', partition: 0, journalId: PARTITION, end }];
}

function report(now: ReadingLedger, end: number, earlier: readonly ReadingLedger[] = []) {
  return roleLedger({ now, earlier, ends: ending(end), nowMicros: 30_000_000 });
}

function wordsOf(notes: readonly { readonly detail: string }[]): string {
  return notes.map(({ detail }) => detail).join(' ');
}

test('roleLedger balances what gateways told with verdicts, buffers and the lag of Kafka', () => {
  const rest = report(aSite(), 100);
  assert.deepEqual([rest.balanced, rest.totals.received, rest.totals.pending], [true, 100, 0]);
  const busy = report(aSite({ told: 130, sent: 120, judged: 100 }), 120);
  assert.deepEqual([busy.balanced, busy.totals.pending, busy.journalPending], [true, 30, 30]);
  assert.deepEqual(busy.notes, []);
});

test('roleLedger names what is neither stored, nor in Kafka, nor in a gateway', () => {
  const { balanced, imbalances } = report(aSite({ told: 130, sent: 120, judged: 100 }), 115);
  assert.equal(balanced, false);
  assert.match(String(imbalances), /30 records are pending .* and 25 at most lie .*: 5 are missing/);
});

test('roleLedger names the gateway and the project whose row was removed', () => {
  const site = aSite();
  const [gateway] = site.gateways;
  assert.ok(gateway);
  const { imbalances } = report({ ...site, gateways: [{ ...gateway, accounts: [] }] }, 100);
  assert.match(imbalances.join('\n'), /100 records of the gateway gate-1 .* it told of 0: 100 too few/);
  assert.match(imbalances.join('\n'), /Project t\/p has 100 verdicts for 0 records .*: 100 too many/);
});

test('roleLedger names a verdict that was removed', () => {
  const site = aSite();
  const projects = site.projects.map((one) => ({ ...one, stored: one.stored - 1 }));
  const { imbalances } = report({ ...site, projects }, 100);
  assert.match(imbalances.join('\n'), /99 verdicts are in the accounts for 100 telemetry records/);
  assert.match(imbalances.join('\n'), /1 records are pending .* 0 at most .*: 1 are missing/);
});

test('roleLedger counts a record that a gateway sent again once', () => {
  const { balanced, totals } = report(aSite({ judged: 100, repeated: 7 }), 107);
  assert.deepEqual([balanced, totals.stored, totals.deduplicated, totals.received], [true, 100, 0, 100]);
});

test('roleLedger judges a snapshot that gateways have told of whole, so that none is too many under load', () => {
  const before = aSite({ told: 80, judged: 90 });
  const now = aSite({ told: 95, judged: 100 });
  const { balanced, totals } = report(now, 100, [before]);
  assert.deepEqual([balanced, totals.received, totals.stored, totals.pending], [true, 95, 90, 5]);
  const lessOne = { ...before, projects: before.projects.map((one) => ({ ...one, stored: 96 })) };
  assert.match(String(report(now, 100, [lessOne]).imbalances), /96 verdicts .* 90 telemetry records/);
});

test('roleLedger takes what is ahead of a gateway that died as received, and says so', () => {
  const { balanced, totals, notes } = report(aSite({ told: 95, judged: 100 }), 100);
  assert.deepEqual([balanced, totals.received, totals.stored], [true, 100, 100]);
  assert.equal(notes[0]?.code, 'gateway-ahead');
  assert.match(wordsOf(notes), /5 records of the gateway gate-1 .* has not told of them/);
});

test('roleLedger says what no gateway told of, and that Kafka is away', () => {
  const foreign = report(aSite({ foreign: 3 }), 103);
  assert.deepEqual([foreign.balanced, foreign.totals.received], [true, 103]);
  assert.match(wordsOf(foreign.notes), /3 records were put into Kafka by another producer/);
  const silent = roleLedger({
    now: { ...aSite(), gateways: [] },
    earlier: [],
    ends: undefined,
    nowMicros: 0,
  });
  assert.deepEqual([silent.balanced, silent.totals.received], [true, 100]);
  assert.match(wordsOf(silent.notes), /100 records came from a gateway that tells nothing/);
  assert.deepEqual(
    silent.notes.map(({ code, records }) => [code, records]),
    [
      ['gateway-untold', 100],
      ['kafka-silent', 0],
    ],
  );
  assert.match(wordsOf(silent.notes), /Kafka does not answer/);
});

test('roleLedger: where Kafka lost the end of its log, what waits is counted by its own offsets', () => {
  const balanced = report(aSite({ told: 100, sent: 100, judged: 90, shift: 7 }), 100);
  assert.deepEqual([balanced.balanced, balanced.journalPending], [true, 10]);
});

test('roleLedger: what lies on the disk of a gateway that has gone is told with how it is brought in', () => {
  const site = aSite({ told: 100, sent: 60, judged: 60 });
  assert.deepEqual(report(site, 60).notes, [], 'it may just be slow');
  const later = roleLedger({ now: site, earlier: [], ends: ending(60), nowMicros: 61_000_000 });
  assert.equal(later.balanced, true);
  assert.deepEqual(
    later.notes.map(({ code, subject, records }) => [code, subject, records]),
    [['gateway-silent', 'gate-1', 40]],
  );
  assert.match(later.notes[0]?.detail ?? '', /start any gateway on that folder/);
});
