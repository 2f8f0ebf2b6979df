const STEPS: readonly (readonly [limitSecs: number, unitSecs: number, unit: string])[] = [
  [60, 1, 's'],
  [3_600, 60, 'min'],
  [86_400, 3_600, 'h'],
  [Number.POSITIVE_INFINITY, 86_400, 'd'],
];

/** How long ago something was, in words: `just now`, `12 s ago`, `3 min ago`, `2 d ago`. */
export function ageInWords(thenMicros: number, nowMicros: number): string {
  const secs = Math.floor((nowMicros - thenMicros) / 1_000_000);
  if (secs < 2) return secs < -2 ? 'in the future' : 'just now';
  const [, unitSecs, unit] = STEPS.find(([limitSecs]) => secs < limitSecs) ?? [0, 86_400, 'd'];
  return `${Math.floor(secs / unitSecs)} ${unit} ago`;
}

/** A count of bytes in words, with binary prefixes: `1.5 MiB`. */
export function bytesInWords(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < units.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}
