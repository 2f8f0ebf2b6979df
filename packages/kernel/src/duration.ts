const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a duration written as one or more whole numbers with a unit, largest first: `15s`, `3d`, `1h30m`,
 * `250ms`. Undefined for anything else, for units out of order or twice, and beyond 2^53 ms.
 */
export function parseDuration(text: string): number | undefined {
  if (!/^(\d+(ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    const unitMs = UNIT_MS[unit] ?? 0;
    if (unitMs >= smallest) return undefined;
    smallest = unitMs;
    total += Number(count) * unitMs;
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

/** A duration of whole milliseconds as `parseDuration` reads it, in the largest units that are exact: `1h30m`. */
export function formatDuration(durationMs: number): string {
  let rest = Math.round(durationMs);
  if (rest <= 0) return '0s';
  const parts: string[] = [];
  for (const [unit, unitMs] of Object.entries(UNIT_MS).reverse()) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * unitMs;
  }
  return parts.join('');
}
