import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeadLetterEntry, DeadLetterQuery } from '@skerry/api';
import { FakeClock } from '@skerry/kernel/testing';
import { type ChaosLook, ChaosWitness, lookInside } from './chaos-witness.ts';

const DEVICE = { tenant: 'chaos', project: 'p', device: 'case-001' };
const SPEAKER = { ...DEVICE, clientId: 'skerry-chaos-p-1' };
const ACKED = { accepted: 1 };
const LETTER = { ...DEVICE, offset: 4, reason: 'undecodable', detail: 'why' } as const;
const STORED = { expected: { kind: 'stored' } } as const;
const forever = new AbortController().signal;

/** Lets everything that waits for nothing run, then moves to the next look. */
async function goOn(clock: FakeClock): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  clock.advance(50);
}

test('ChaosWitness.findOut waits until there is a dead letter or something stored', async () => {
  const clock = new FakeClock(0);
  let looks = 0;
  const look: ChaosLook = {
    letter: async () => (++looks === 3 ? LETTER : undefined),
    isStored: async () => false,
  };
  const found = new ChaosWitness(look, clock).findOut(STORED, SPEAKER, ACKED, forever);
  for (let at = 0; at < 5; at++) await goOn(clock);
  assert.deepEqual(await found, { kind: 'dead-lettered', letter: LETTER });
  const stored: ChaosLook = { letter: async () => undefined, isStored: async () => true };
  assert.deepEqual(await new ChaosWitness(stored, clock).findOut(STORED, SPEAKER, ACKED, forever), {
    kind: 'stored',
  });
});

test('ChaosWitness.findOut looks for nothing that was not acknowledged, and gives up in the end', async () => {
  const clock = new FakeClock(0);
  let looks = 0;
  const look: ChaosLook = {
    letter: async () => {
      looks++;
      return undefined;
    },
    isStored: async () => false,
  };
  const witness = new ChaosWitness(look, clock);
  assert.equal(await witness.findOut(STORED, SPEAKER, { accepted: 0 }, forever), undefined);
  assert.equal(looks, 0);
  const found = witness.findOut(STORED, SPEAKER, ACKED, forever);
  for (let at = 0; at < 210; at++) await goOn(clock);
  assert.deepEqual(await found, { kind: 'nothing' });
});

test('lookInside goes through every page, for a letter of the client that is meant', async () => {
  const asked: DeadLetterQuery[] = [];
  const letters = Array.from({ length: 1_500 }, (_, offset) => ({
    ...LETTER,
    offset,
    client: offset === 1_400 ? SPEAKER.clientId : 'another',
  }));
  const look = lookInside({
    deadLetters: async (query) => {
      asked.push(query);
      const { after = -1, limit } = query;
      const page = letters.filter(({ offset }) => offset > after).slice(0, limit);
      return page as unknown as DeadLetterEntry[]; // the members that are read
    },
    device: async () => undefined,
  });
  const found = await look.letter({ reason: 'unknown-topic' }, SPEAKER.clientId);
  assert.deepEqual(found, { ...LETTER, offset: 1_400 });
  assert.deepEqual(
    asked.map(({ after, reason }) => [after, reason]),
    [
      [undefined, 'unknown-topic'],
      [999, 'unknown-topic'],
    ],
  );
  assert.equal(await look.letter(DEVICE, 'nobody'), undefined);
  assert.equal(await look.isStored(DEVICE), false);
});
