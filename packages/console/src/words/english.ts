const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** A count with separators, as English writes it. */
export function count(value: number): string {
  return whole.format(value);
}

/** A count and what is counted: `1 device`, `2 devices`. */
export function things(value: number, one: string, many = `${one}s`): string {
  return `${whole.format(value)} ${value === 1 ? one : many}`;
}
