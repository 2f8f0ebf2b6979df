const whole = new Intl.NumberFormat('zh-CN', { maximumFractionDigits: 0 });

/** A count with separators, as Chinese writes it. */
export function count(value: number): string {
  return whole.format(value);
}

/** A count with its measure word and what is counted: `2 台设备`. */
export function things(value: number, counted: string): string {
  return `${whole.format(value)} ${counted}`;
}
