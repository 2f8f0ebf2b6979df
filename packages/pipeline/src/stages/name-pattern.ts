/** Tells whether a metric is meant by one of some names; a name that ends in `*` means all that begin so. */
export function namePattern(names: readonly string[]): (metric: string) => boolean {
  const whole = new Set(names.filter((name) => !name.endsWith('*')));
  const starts = names.filter((name) => name.endsWith('*')).map((name) => name.slice(0, -1));
  return (metric) => whole.has(metric) || starts.some((start) => metric.startsWith(start));
}
