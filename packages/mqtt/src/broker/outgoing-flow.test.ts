import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Delivery } from './message.ts';
import { OutgoingFlow, type QueueBudget } from './outgoing-flow.ts';

const BOUNDS = { inflightMax: 3, queueCountMax: 10, queueBytesMax: 1000 };

function aDelivery(number: number, expiresMs = Number.POSITIVE_INFINITY, qos: 0 | 1 = 1): Delivery {
  return {
    message: {
      topic: 't',
      topicBytes: Uint8Array.of(0x74),
      payload: Uint8Array.of(number),
      qos: 1,
      isRetained: false,
      properties: undefined,
      expiresMs,
      publisher: undefined,
    },
    qos,
    isRetained: false,
    identifiers: [],
  };
}

function aFlow(change: Partial<typeof BOUNDS> = {}): {
  flow: OutgoingFlow;
  budget: QueueBudget;
  expired: number[];
} {
  const budget = { bytes: 0, bytesMax: 1_000_000 };
  const expired: number[] = [];
  return { flow: new OutgoingFlow({ ...BOUNDS, ...change }, budget, () => expired.push(1)), budget, expired };
}

/** Numbers of everything that may be sent now, with their packet ids. */
function drain(flow: OutgoingFlow, nowMs = 0): [number: number, packetId: number, isAgain: boolean][] {
  const sent: [number, number, boolean][] = [];
  for (let next = flow.next(nowMs); next; next = flow.next(nowMs))
    sent.push([Number(next.delivery.message.payload[0]), next.packetId, next.isAgain]);
  return sent;
}

test('OutgoingFlow keeps the window, goes on after each PUBACK and never gives one packet id twice', () => {
  const { flow } = aFlow();
  for (let number = 1; number <= 5; number++) assert.equal(flow.offer(aDelivery(number)), true);
  assert.deepEqual(drain(flow), [
    [1, 1, false],
    [2, 2, false],
    [3, 3, false],
  ]);
  assert.equal(flow.acknowledge(2), true);
  assert.equal(flow.acknowledge(2), false);
  assert.deepEqual(drain(flow), [[4, 4, false]]);
  assert.deepEqual([flow.inflight, flow.waiting], [3, 1]);
});

test('OutgoingFlow passes over packet ids in use when they come round', () => {
  const { flow } = aFlow({ inflightMax: 2 });
  flow.offer(aDelivery(1));
  drain(flow);
  for (let i = 0; i < 65_534; i++) {
    flow.offer(aDelivery(2));
    const [sent] = drain(flow);
    assert.equal(flow.acknowledge(Number(sent?.[1])), true);
  }
  flow.offer(aDelivery(3));
  assert.deepEqual(drain(flow), [[3, 2, false]]);
});

test('OutgoingFlow sends again what is in flight, first and in order, within a smaller window', () => {
  const { flow } = aFlow();
  for (let number = 1; number <= 4; number++) flow.offer(aDelivery(number));
  drain(flow);
  flow.begin(2);
  assert.deepEqual(drain(flow), [
    [1, 1, true],
    [2, 2, true],
  ]);
  flow.acknowledge(1);
  assert.deepEqual(drain(flow), [[3, 3, true]]);
  flow.acknowledge(3);
  flow.acknowledge(2);
  assert.deepEqual(drain(flow), [[4, 4, false]]);
});

test('OutgoingFlow keeps the window when what is to be sent again is acknowledged before it was', () => {
  const { flow } = aFlow();
  for (let number = 1; number <= 5; number++) flow.offer(aDelivery(number));
  drain(flow);
  flow.begin(2);
  drain(flow);
  assert.equal(flow.acknowledge(3), true);
  assert.deepEqual(drain(flow), [], 'two of two are in flight');
  assert.equal(flow.acknowledge(1), true);
  assert.deepEqual(drain(flow), [[4, 4, false]]);
});

test('OutgoingFlow takes as many messages and bytes as its bounds and those of all sessions allow', () => {
  const taken = (flow: OutgoingFlow): number => {
    let count = 0;
    while (count < 50 && flow.offer(aDelivery(count))) count++;
    return count;
  };
  assert.equal(taken(aFlow().flow), 10);
  assert.deepEqual(
    [6, 7, 8].map((queueBytesMax) => taken(aFlow({ queueBytesMax }).flow)),
    [3, 3, 4],
  );
  for (const [before, count] of [
    [92, 4],
    [93, 3],
    [99, 0],
  ] as const) {
    const budget = { bytes: before, bytesMax: 100 };
    assert.equal(taken(new OutgoingFlow(BOUNDS, budget, () => undefined)), count);
    assert.equal(budget.bytes, before + 2 * count);
  }
});

test('OutgoingFlow.clear gives the number of all that was not acknowledged, in flight and waiting', () => {
  const { flow, budget } = aFlow();
  for (let number = 1; number <= 8; number++) flow.offer(aDelivery(number));
  drain(flow);
  flow.acknowledge(1);
  assert.deepEqual([flow.inflight, flow.waiting], [2, 5]);
  assert.equal(flow.clear(), 7);
  assert.deepEqual([flow.clear(), flow.inflight, flow.waiting, budget.bytes], [0, 0, 0, 0]);
});

test('OutgoingFlow drops what expired in the queue and tells of it, not what is in flight', () => {
  const { flow, expired, budget } = aFlow({ inflightMax: 1 });
  flow.offer(aDelivery(1, 100));
  flow.offer(aDelivery(2, 100));
  flow.offer(aDelivery(3, 200));
  assert.equal(drain(flow, 50).length, 1);
  flow.begin(10);
  assert.deepEqual(drain(flow, 150), [[1, 1, true]]);
  flow.acknowledge(1);
  assert.deepEqual(drain(flow, 150), [[3, 2, false]]);
  assert.equal(expired.length, 1);
  flow.acknowledge(2);
  assert.equal(budget.bytes, 0);
});

test('OutgoingFlow gives feeds when nothing else waits, and each filter once', () => {
  const { flow } = aFlow({ inflightMax: 100 });
  flow.feed('a', [aDelivery(1), aDelivery(2, 5), aDelivery(3, Number.POSITIVE_INFINITY, 0)].values());
  flow.feed('b', [aDelivery(4)].values());
  flow.feed('b', [aDelivery(5)].values());
  flow.feed('c', [aDelivery(6)].values());
  flow.endFeed('c');
  flow.offer(aDelivery(9));
  assert.deepEqual(drain(flow, 10), [
    [9, 1, false],
    [1, 2, false],
    [3, 0, false],
    [5, 3, false],
  ]);
});

test('OutgoingFlow counts the bytes of what came from feeds', () => {
  const { flow, budget } = aFlow();
  flow.feed('a', [aDelivery(1), aDelivery(2, Number.POSITIVE_INFINITY, 0)].values());
  drain(flow);
  assert.equal(budget.bytes, 2);
  flow.acknowledge(1);
  assert.deepEqual([budget.bytes, flow.bytes], [0, 0]);
});

test('OutgoingFlow keeps count, bytes and order over any history', () => {
  const event = fc.oneof(
    { weight: 4, arbitrary: fc.constant('offer' as const) },
    { weight: 3, arbitrary: fc.constant('send' as const) },
    { weight: 3, arbitrary: fc.constant('acknowledge' as const) },
    { weight: 1, arbitrary: fc.constant('begin' as const) },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const { flow, budget } = aFlow();
      const firsts: number[] = [];
      const unacked = new Set<number>();
      let offered = 0;
      let refused = 0;
      for (const name of events) {
        if (name === 'offer') {
          if (flow.offer(aDelivery(offered % 256))) offered++;
          else refused++;
        } else if (name === 'send') {
          const next = flow.next(0);
          if (next && !next.isAgain) firsts.push(Number(next.delivery.message.payload[0]));
          if (next) unacked.add(next.packetId);
        } else if (name === 'acknowledge') {
          const [id] = unacked;
          if (id !== undefined) assert.equal(flow.acknowledge(id), unacked.delete(id));
        } else flow.begin(3);
        assert.ok(flow.inflight <= 3 && flow.waiting <= 10);
        assert.equal(flow.bytes, (flow.inflight + flow.waiting) * 2);
        assert.equal(budget.bytes, flow.bytes);
      }
      assert.deepEqual(
        firsts,
        firsts.map((_, at) => at % 256),
      );
      assert.ok(refused === 0 || offered > 10);
      flow.clear();
      assert.deepEqual([flow.bytes, budget.bytes, flow.next(0)], [0, 0, undefined]);
    }),
  );
});
