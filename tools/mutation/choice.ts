import { SeededRandom } from '@skerry/kernel/testing';
import type { Mutant } from './mutants.ts';

/**
 * At most `count` of the mutants of several files, the same for the same seed: one of each file by turns, so that a small
 * number is spread widely. Files are in the order in which they are to be tried, each with its mutants in their order.
 */
export function chooseMutants(
  byFile: ReadonlyMap<string, readonly Mutant[]>,
  count: number,
  seed: number,
): Map<string, Mutant[]> {
  const random = new SeededRandom(seed);
  const decks = shuffled(
    [...byFile].map(([path, mutants]) => ({ path, deck: shuffled(mutants, random) })),
    random,
  );
  const chosen = new Map<string, Mutant[]>();
  let left = count;
  while (left > 0 && decks.some(({ deck }) => deck.length > 0)) {
    for (const { path, deck } of decks) {
      const mutant = left > 0 ? deck.pop() : undefined;
      if (!mutant) continue;
      left -= 1;
      chosen.set(path, [...(chosen.get(path) ?? []), mutant]);
    }
  }
  for (const mutants of chosen.values()) mutants.sort((a, b) => a.start - b.start || a.end - b.end);
  return chosen;
}

function shuffled<T>(items: readonly T[], random: SeededRandom): T[] {
  const deck: T[] = [];
  for (const item of items) {
    const place = random.uint32() % (deck.length + 1);
    deck.splice(place, 0, item);
  }
  return deck;
}
