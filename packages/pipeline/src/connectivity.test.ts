import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RECORD_KIND } from '@skerry/journal';
import type { Scope } from '@skerry/model';
import { LIMITS } from './limits.ts';
import type { Pipeline } from './pipeline.ts';
import { SAMPLE_MICROS, type SampleRecord } from './testing/record-builder.ts';
import { Rig } from './testing/rig.ts';

const DEVICE = { tenant: 't', project: 'p', device: 'd' };
const HOUR = 3_600_000_000;

interface Session {
  readonly client?: string;
  readonly user?: string;
  readonly reason?: string;
  readonly scopes?: readonly Scope[];
  readonly at?: number;
}

function session(kind: 'connected' | 'disconnected' | 'started', session: Session = {}): SampleRecord {
  const { client = 'c1', user = 'ann', reason = 'connect', scopes = [{ tenant: 't' }], at = 0 } = session;
  const way = { remote: '10.0.0.1:5', protocol: '5.0', listener: 'mqtts', isEncrypted: true };
  const told = kind === 'connected' ? { scopes } : {};
  return {
    kind: RECORD_KIND.session,
    client,
    receivedMicros: SAMPLE_MICROS + at,
    payload: JSON.stringify({ kind, reason, user, ...way, ...told }),
  };
}

function spoken(client: string, at = 0): SampleRecord {
  return { client, receivedMicros: SAMPLE_MICROS + at };
}

async function timeline(pipeline: Pipeline, from = 0, to = 24 * HOUR, limit = 100) {
  const range = { fromMicros: SAMPLE_MICROS + from, toMicros: SAMPLE_MICROS + to, limit };
  const found = await pipeline.connectivity({ device: DEVICE, ...range });
  assert.ok(found, 'the device was never seen');
  return found;
}

const brief = ({ events }: Awaited<ReturnType<typeof timeline>>) =>
  events.map(({ client, user, kind, reason }) => `${user}/${client} ${kind} ${reason}`);

test('connectivity tells connections and their ends with reason, way and user, sealed or not, and after a restart', async () => {
  const rig = new Rig();
  const first = await rig.open();
  rig.journal.append(session('connected'), spoken('c1', 1));
  await first.flush();
  rig.journal.append(session('disconnected', { reason: 'keep-alive', at: HOUR }));
  await first.flush();
  rig.journal.append(session('connected', { at: 2 * HOUR }));
  await first.flush();
  const told = await timeline(first);
  assert.deepEqual(brief(told), [
    'ann/c1 connected connect',
    'ann/c1 disconnected keep-alive',
    'ann/c1 connected connect',
  ]);
  assert.deepEqual(
    { ...told.events[1], offset: 0 },
    {
      client: 'c1',
      user: 'ann',
      kind: 'disconnected',
      reason: 'keep-alive',
      timeMicros: SAMPLE_MICROS + HOUR,
      remote: '10.0.0.1:5',
      protocol: '5.0',
      listener: 'mqtts',
      isEncrypted: true,
      offset: 0,
    },
  );
  assert.equal(told.now, 'connected');
  assert.equal(first.device(DEVICE)?.connected, 'connected');
  await rig.kill(first);
  await using second = await rig.open();
  assert.deepEqual(await timeline(second), told);
  const later = await timeline(second, 1.5 * HOUR);
  assert.deepEqual(brief(later), ['ann/c1 disconnected keep-alive', 'ann/c1 connected connect']);
  const cut = await timeline(second, 0, 24 * HOUR, 2);
  assert.deepEqual([cut.isCut, brief(cut).length], [true, 2]);
});

test('connectivity ends connections of an earlier life of the process when the next one begins', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append(session('connected'), spoken('c1', 1), session('started', { at: HOUR }));
  rig.journal.append(session('started', { at: 2 * HOUR }));
  await pipeline.flush();
  const { now, events } = await timeline(pipeline);
  assert.equal(now, 'disconnected');
  assert.deepEqual(
    events.map(({ reason, timeMicros }) => [reason, timeMicros - SAMPLE_MICROS]),
    [
      ['connect', 0],
      ['server-restart', HOUR],
    ],
  );
});

test('connectivity shows nothing of a client of the same id that may not write for the device', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append(session('connected', { user: 'mallory', scopes: [{ tenant: 'other' }] }));
  rig.journal.append(session('connected'), spoken('c1', 1));
  rig.journal.append(session('disconnected', { user: 'mallory', at: 2 }));
  await pipeline.flush();
  assert.deepEqual(brief(await timeline(pipeline)), ['ann/c1 connected connect']);
});

test('connectivity tells nothing when two who may both write for the device have one client id', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append(session('connected'), session('connected', { user: 'bob' }), spoken('c1', 1));
  await pipeline.flush();
  assert.deepEqual([(await timeline(pipeline)).now, brief(await timeline(pipeline))], ['never', []]);
  rig.journal.append(session('disconnected', { user: 'bob' }), spoken('c1', 2));
  await pipeline.flush();
  assert.deepEqual(brief(await timeline(pipeline)), ['ann/c1 connected connect']);
});

test('connectivity notices a client that connects after it was heard, and remembers the last clients of a device', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  rig.journal.append(spoken('c1'), session('connected'), spoken('c1', 1));
  const others = Array.from({ length: LIMITS.deviceClientsMax.value }, (_, i) => `x${i}`);
  for (const client of others) rig.journal.append(session('connected', { client }), spoken(client, 2));
  await pipeline.flush();
  const { clients } = await timeline(pipeline);
  assert.deepEqual(
    clients.map(({ client }) => client),
    others.toReversed(),
  );
  rig.journal.append(spoken('c1', 3));
  await pipeline.flush();
  assert.deepEqual(
    (await timeline(pipeline)).clients.map(({ client }) => client),
    ['c1', ...others.toReversed().slice(0, -1)],
  );
});

test('connectivity keeps so many events of a client and day and tells how many more there were, over a restart', async () => {
  const rig = new Rig();
  const first = await rig.open();
  const pairs = LIMITS.sessionEventsMax.value / 2;
  rig.journal.append(session('connected'), spoken('c1'));
  for (let i = 0; i < pairs; i++)
    rig.journal.append(session('disconnected', { at: i }), session('connected', { at: i }));
  await first.flush();
  await rig.kill(first);
  await using second = await rig.open();
  rig.journal.append(session('disconnected', { at: HOUR }));
  rig.journal.append(session('connected', { at: 24 * HOUR }));
  await second.flush();
  const { events, leftOut, now } = await timeline(second, 0, 24 * HOUR, 5_000);
  assert.deepEqual([events.length, leftOut, now], [LIMITS.sessionEventsMax.value, 0, 'connected']);
  const today = await timeline(second, 24 * HOUR, 48 * HOUR);
  assert.equal(today.events.at(-1)?.timeMicros, SAMPLE_MICROS + 24 * HOUR);
});

test('connectivity takes no part in what a broken session record says', async () => {
  const rig = new Rig();
  await using pipeline = await rig.open();
  for (const payload of [
    '',
    '[]',
    'null',
    '{"kind":"else"}',
    '{"kind":"connected","scopes":[7,{"tenant":8}]}',
    JSON.stringify({ kind: 'connected', user: 'u'.repeat(513), scopes: [{ tenant: 't' }] }),
  ])
    rig.journal.append({ kind: RECORD_KIND.session, client: 'c1', payload });
  rig.journal.append(spoken('c1', 1));
  await pipeline.flush();
  assert.equal((await timeline(pipeline)).now, 'never');
});
