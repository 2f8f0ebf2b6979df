import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { PACKET_TYPE, type PacketName } from '../packets/packet-type.ts';
import { AnswerLine } from './answer-line.ts';
import {
  CONNECTION_TABLE,
  type ConnectionEvent,
  type ConnectionState,
  PACKET_RULES,
} from './connection-state.ts';
import { PublicationRing } from './publication-ring.ts';
import { QOS2_TABLE, Qos2Receiver } from './qos2-receiver.ts';
import { Turn } from './turn.ts';

test('PublicationRing gives back what was pushed, in order, over any history', () => {
  const steps = fc.array(fc.record({ isPush: fc.boolean(), count: fc.integer({ min: 1, max: 2000 }) }), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(steps, (plan) => {
      const ring = new PublicationRing<string, number>();
      let pushed = 0;
      let taken = 0;
      for (const { isPush, count } of plan) {
        if (isPush) {
          for (let i = 0; i < count; i++, pushed++) {
            const kind = (['none', 'puback', 'pubrec'] as const)[pushed % 3] ?? 'none';
            const owner = pushed % 5 === 0 ? undefined : `o${pushed}`;
            assert.equal(
              ring.push(owner, kind, pushed % 65_536, pushed % 2 === 0 ? pushed : undefined),
              pushed,
            );
          }
        } else {
          ring.take(Math.min(count, ring.count), (owner, kind, packetId, cargo, sequence) => {
            const wanted = [
              taken % 5 === 0 ? undefined : `o${taken}`,
              ['none', 'puback', 'pubrec'][taken % 3],
              taken % 65_536,
              taken % 2 === 0 ? taken : undefined,
              taken,
            ];
            assert.deepEqual([owner, kind, packetId, cargo, sequence], wanted);
            taken++;
          });
        }
        assert.equal(ring.count, pushed - taken);
      }
      assert.throws(() => ring.take(ring.count + 1, () => undefined), RangeError);
    }),
    { numRuns: 50 },
  );
});

test('AnswerLine lets a refusal wait for the answers before it, and no longer', () => {
  const line = new AnswerLine();
  assert.equal(line.refuse(1, 0x97), true);
  line.append(10);
  line.append(12);
  assert.equal(line.refuse(2, 0x97), false);
  line.append(15);
  assert.equal(line.refuse(3, 0x87), false);
  assert.equal(line.unanswered, 5);
  assert.deepEqual(line.confirm(10), []);
  assert.deepEqual(line.confirm(12), [{ after: 12, packetId: 2, reason: 0x97 }]);
  assert.deepEqual(line.confirm(15), [{ after: 15, packetId: 3, reason: 0x87 }]);
  assert.equal(line.unanswered, 0);
});

test('QOS2_TABLE takes a packet id once until PUBREL, in every history', () => {
  assert.deepEqual(
    Object.entries(QOS2_TABLE).flatMap(([from, row]) =>
      Object.entries(row).map(([event, { to, act }]) => `${from} ${event}: ${to} ${act}`),
    ),
    [
      'free publish: storing store',
      'free durable: free nothing',
      'free pubrel: free pubcomp',
      'storing publish: storing wait',
      'storing durable: stored pubrec',
      'storing pubrel: storing fault',
      'stored publish: stored pubrec',
      'stored durable: stored nothing',
      'stored pubrel: free pubcomp',
    ],
  );
  fc.assert(
    fc.property(fc.array(fc.constantFrom('publish', 'durable', 'pubrel'), { maxLength: 30 }), (events) => {
      const receiver = new Qos2Receiver();
      let isStored = false;
      for (const event of events) {
        const action = receiver.apply(7, event);
        if (action === 'store') assert.equal(isStored, false);
        isStored = action === 'store' || (isStored && receiver.state(7) !== 'free');
        assert.equal(receiver.count, receiver.state(7) === 'free' ? 0 : 1);
        assert.equal(receiver.state(8), 'free');
      }
    }),
  );
});

test('CONNECTION_TABLE never goes back, and CONNECT alone opens', () => {
  const order: ConnectionState[] = ['opening', 'serving', 'closing', 'closed'];
  for (const [at, state] of order.entries())
    for (const event of ['accept', 'end', 'close'] as ConnectionEvent[])
      assert.ok(order.indexOf(CONNECTION_TABLE[state][event]) >= at);
  const names = Object.keys(PACKET_TYPE) as PacketName[];
  assert.deepEqual(
    names.filter((name) => PACKET_RULES.opening[name] === 'take'),
    ['connect'],
  );
  const served = [
    'publish',
    'puback',
    'pubrec',
    'pubrel',
    'pubcomp',
    'subscribe',
    'unsubscribe',
    'pingreq',
    'disconnect',
  ];
  assert.deepEqual(
    names.filter((name) => PACKET_RULES.serving[name] === 'take'),
    served,
  );
  for (const state of ['closing', 'closed'] as const)
    assert.ok(names.every((name) => PACKET_RULES[state][name] === 'ignore'));
});

test('Turn flushes whoever was marked, those included that a flush marks', () => {
  const turn = new Turn();
  const done: string[] = [];
  const last = { flush: () => done.push('last'), goOn: () => undefined };
  const first = {
    flush: () => {
      done.push('first');
      turn.mark(last);
    },
    goOn: () => {
      done.push('read');
      turn.mark(first);
    },
  };
  turn.release(first);
  turn.finish();
  turn.finish();
  assert.deepEqual(done, ['read', 'first', 'last']);
});
