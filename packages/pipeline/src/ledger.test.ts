import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noVerdicts } from './catalogue.ts';
import { ledgerReport } from './ledger.ts';

const received = [{ tenant: 't', project: 'p', received: 10, receivedQos0: 2 }];
const verdicts = [{ tenant: 't', project: 'p', totals: { ...noVerdicts(), stored: 5, deadLettered: 2 } }];

test('ledgerReport balances when pending is what the journal holds behind the position', () => {
  const report = ledgerReport({ received, telemetryEnd: 10, verdicts, telemetryPosition: 7, held: 100 });
  assert.deepEqual([report.balanced, report.totals.pending, report.journalPending], [true, 3, 3]);
  assert.equal(report.projects[0]?.receivedQos0, 2);
});

test('ledgerReport balances when nothing is pending', () => {
  const report = ledgerReport({
    received: [{ tenant: 't', project: 'p', received: 7, receivedQos0: 0 }],
    telemetryEnd: 7,
    verdicts,
    telemetryPosition: 7,
    held: 100,
  });
  assert.deepEqual([report.balanced, report.imbalances, report.totals.pending], [true, [], 0]);
});

test('ledgerReport lists projects by tenant, then by project, and adds all of them up', () => {
  const names = [
    ['b', 'x'],
    ['a', 'z'],
    ['c', 'a'],
    ['a', 'y'],
  ] as const;
  const counts = names.map(([tenant, project], i) => ({
    tenant,
    project,
    received: 10 + i,
    receivedQos0: i,
  }));
  const stored = names.map(([tenant, project]) => ({
    tenant,
    project,
    totals: { ...noVerdicts(), stored: 4 },
  }));
  const report = ledgerReport({
    received: counts,
    telemetryEnd: 46,
    verdicts: stored,
    telemetryPosition: 16,
    held: 100,
  });
  assert.deepEqual(
    report.projects.map((one) => `${one.tenant}/${one.project} ${one.received} ${one.pending}`),
    ['a/y 13 9', 'a/z 11 7', 'b/x 10 6', 'c/a 12 8'],
  );
  assert.deepEqual([report.totals.received, report.totals.stored, report.totals.pending], [46, 16, 30]);
  assert.equal(report.balanced, true);
});

test('ledgerReport names every imbalance with its figures', () => {
  const lost = ledgerReport({ received, telemetryEnd: 9, verdicts, telemetryPosition: 7, held: 100 });
  assert.match(
    lost.imbalances.join(),
    /^3 records are pending by the accounts .* 2 by the journal: a difference of 1\.$/,
  );
  const forgotten = ledgerReport({ received, telemetryEnd: 10, verdicts, telemetryPosition: 8, held: 100 });
  assert.equal(forgotten.imbalances.length, 2);
  assert.match(
    String(forgotten.imbalances[1]),
    /^7 verdicts are in the accounts for 8 telemetry records .* a difference of -1\.$/,
  );
  const tooMany = ledgerReport({ received: [], telemetryEnd: 7, verdicts, telemetryPosition: 7, held: 100 });
  assert.match(String(tooMany.imbalances[0]), /t\/p has 7 verdicts for 0 received records: 7 too many/);
  const negative = [{ tenant: 't', project: 'p', totals: { ...noVerdicts(), stored: 8, deadLettered: -1 } }];
  const below = ledgerReport({
    received,
    telemetryEnd: 10,
    verdicts: negative,
    telemetryPosition: 7,
    held: 100,
  });
  assert.match(String(below.imbalances[0]), /-1 records in the account deadLettered/);
});

test('ledgerReport says what the journal has lost: more is pending than it holds', () => {
  const whole = ledgerReport({ received, telemetryEnd: 10, verdicts, telemetryPosition: 7, held: 3 });
  assert.equal(whole.balanced, true);
  const lost = ledgerReport({ received, telemetryEnd: 10, verdicts, telemetryPosition: 7, held: 1 });
  assert.deepEqual(lost.imbalances, [
    '3 telemetry records are pending by the journal, and it holds 1 records behind the position: 2 are lost.',
  ]);
});

test('ledgerReport leaves out projects that nobody sent anything to', () => {
  const empty = [{ tenant: 'x', project: 'y', totals: noVerdicts() }];
  const report = ledgerReport({
    received: [],
    telemetryEnd: 0,
    verdicts: empty,
    telemetryPosition: 0,
    held: 100,
  });
  assert.deepEqual([report.projects, report.balanced], [[], true]);
});
