import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_KIND } from '@skerry/journal';
import { Rig } from './testing/rig.ts';

const GATEWAY = '0123456789abcdef0123456789abcdef';
const OTHER = 'f'.repeat(32);

/** A record of a gateway: where it lay there, and its number in this journal. */
function sent(offset: number, number: number, journal = GATEWAY) {
  return { payload: `{"v":${offset}}`, origin: `${journal}/${offset}/${number}` };
}

test('what a gateway sends again is deduplicated, over a restart too, whatever it holds', async () => {
  const rig = new Rig();
  {
    await using pipeline = await rig.open();
    rig.journal.append(sent(10, 0), sent(12, 1), sent(10, 0), sent(12, 1), sent(15, 2));
    await pipeline.flush();
    const { totals, imbalances } = pipeline.ledger();
    assert.deepEqual([totals.stored, totals.deduplicated, totals.received], [3, 2, 5]);
    assert.deepEqual(imbalances, []);
  }
  await using pipeline = await rig.open();
  rig.journal.append(sent(12, 1), sent(15, 2), sent(16, 3), sent(1, 0, OTHER), sent(1, 0, OTHER));
  await pipeline.flush();
  const { totals } = pipeline.ledger();
  assert.deepEqual([totals.stored, totals.deduplicated], [5, 5]);
  assert.deepEqual(pipeline.alarms(), []);
});

test('a number that never comes is an alarm with its bounds, which a restart remembers', async () => {
  const rig = new Rig();
  {
    await using pipeline = await rig.open();
    rig.journal.append(sent(0, 0), sent(3, 3), sent(4, 4), sent(9, 6), sent(7, 5));
    await pipeline.flush();
    assert.equal(
      pipeline.ledger().totals.deduplicated,
      1,
      'what comes behind a later one is taken for a repeat',
    );
  }
  await using pipeline = await rig.open();
  const [alarm, ...others] = pipeline.alarms();
  assert.deepEqual([alarm?.code, others], ['origin-gap', []]);
  assert.match(String(alarm?.detail), /3 of the journal 0123\w+ \(numbers 1 to 2, 5\)/);
  assert.ok(rig.log.some(({ message }) => message === 'Records are missing'));
});

test('an origin that does not begin with 0 has lost its beginning', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append(sent(5, 2));
  await pipeline.flush();
  assert.match(String(pipeline.alarms()[0]?.detail), /2 of the journal \w+ \(numbers 0 to 1\)/);
});

test('records without an origin, or with one that cannot be read, are taken as they come', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const odd = ['', 'x/1/2', `${GATEWAY}/1`, `${GATEWAY}/99999999999999999/1`].map((origin) => ({ origin }));
  rig.journal.append({}, {}, ...odd, ...odd);
  await pipeline.flush();
  assert.equal(pipeline.ledger().totals.stored, 10);
  assert.deepEqual(pipeline.alarms(), []);
});

test('a connection that is told twice is one, and an offset that holds nothing changes nothing', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  const payload = JSON.stringify({ kind: 'connected', remote: '127.0.0.1:1', scopes: [{}] });
  const session = { kind: RECORD_KIND.session, payload, ...{ origin: `${GATEWAY}/0/0` } };
  rig.journal.append(session, session, { kind: RECORD_KIND.void, payload: '' }, sent(1, 1));
  await pipeline.flush();
  assert.equal(pipeline.ledger().totals.received, 1);
  assert.deepEqual(pipeline.alarms(), []);
  const repeated = () =>
    rig.meter.snapshot().find(({ name }) => name === 'iot_pipeline_repeated_total')?.samples[0]?.value;
  rig.clock.advance(1_000);
  assert.equal(repeated(), 1);
});

test('what came again is counted by project, in rows that a restart goes on from', async () => {
  const rig = new Rig();
  {
    await using pipeline = await rig.open();
    rig.journal.append(sent(1, 0), sent(2, 1), sent(1, 0), sent(2, 1));
    await pipeline.flush();
  }
  await using pipeline = await rig.open();
  rig.journal.append(sent(2, 1), sent(3, 2));
  await pipeline.flush();
  const rows = (await rig.store.load()).stages ?? [];
  const repeats = rows.filter((row) => row.pipeline === 'repeats');
  assert.deepEqual(
    repeats.map(({ body }) => body),
    ['3'],
  );
  assert.match(String(repeats[0]?.part), /^\["\w+","\w+"\]$/);
  const [origin] = rows.filter((row) => row.pipeline === 'origins');
  assert.equal((JSON.parse(String(origin?.body)) as { records: number }).records, 3);
});
