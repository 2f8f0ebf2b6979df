import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Qos } from '../packets/packet-type.ts';
import { ReceivedRing } from './received-ring.ts';

const RUNS = { numRuns: Number(process.env.SKERRY_PROPERTY_RUNS ?? 60) };

type Step =
  | { readonly do: 'push'; readonly qos: Qos; readonly packetId: number }
  | { readonly do: 'acknowledge'; readonly share: number }
  | { readonly do: 'settle'; readonly share: number }
  | { readonly do: 'connect'; readonly isSessionPresent: boolean };

const steps = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constant('push' as const),
        qos: fc.constantFrom<Qos>(0, 1, 2),
        packetId: fc.integer({ min: 1, max: 65_535 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('acknowledge' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('settle' as const),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('connect' as const), isSessionPresent: fc.boolean() }),
    },
  ),
  { maxLength: 900 },
);

interface Kept {
  readonly qos: Qos;
  readonly packetId: number;
  readonly connection: number;
  readonly session: number;
  isSettled: boolean;
}

test('ReceivedRing answers each message once, in the order of receipt, and knows those of earlier connections and sessions', () => {
  fc.assert(
    fc.property(steps, (list: readonly Step[]) => {
      const ring = new ReceivedRing();
      const model: Kept[] = [];
      const answered: string[] = [];
      const expected: string[] = [];
      let head = 0;
      let connection = 0;
      let session = 0;
      const answer = (qos: Qos, packetId: number, isCurrent: boolean): void =>
        void answered.push(`${qos} ${packetId} ${isCurrent}`);
      const advance = (): void => {
        for (let kept = model[head]; kept?.isSettled; kept = model[++head]) {
          const isKnown = kept.session === session;
          expected.push(
            isKnown ? `${kept.qos} ${kept.packetId} ${kept.connection === connection}` : '0 0 false',
          );
        }
      };
      for (const step of list) {
        const open = model.filter(({ isSettled }) => !isSettled);
        if (step.do === 'push') {
          assert.equal(ring.push(step.qos, step.packetId), model.length + 1);
          model.push({ qos: step.qos, packetId: step.packetId, connection, session, isSettled: false });
        } else if (step.do === 'connect') {
          connection++;
          if (!step.isSessionPresent) session++;
          ring.beginConnection(step.isSessionPresent);
        } else if (step.do === 'acknowledge') {
          const count = Math.floor(step.share * open.length);
          for (const kept of open.slice(0, count)) kept.isSettled = true;
          ring.acknowledge(count, answer);
        } else if (model.length > 0) {
          const index = Math.min(model.length - 1, Math.floor(step.share * model.length));
          const kept = model[index];
          assert.equal(ring.settle(index + 1, answer), kept?.isSettled === false);
          if (kept) kept.isSettled = true;
        }
        advance();
        assert.deepEqual(answered, expected);
        assert.equal(ring.count, model.length - head);
        assert.equal(ring.unacknowledged, model.filter(({ isSettled }) => !isSettled).length);
      }
    }),
    RUNS,
  );
});
