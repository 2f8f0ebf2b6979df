/** The candidate that differs least from `word` (edit distance at most 2, or a third of its length), or undefined. */
export function nearestWord(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      bestDistance = distance;
      best = candidate;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = Number(previous[j - 1]) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(Number(previous[j]) + 1, Number(row[j - 1]) + 1, substitution));
    }
    previous = row;
  }
  return Number(previous[b.length]);
}
