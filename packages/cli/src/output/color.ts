import type { Writable } from 'node:stream';

/** Colors with a meaning: well, look at it, wrong, of less weight. */
export type Tone = 'good' | 'warning' | 'bad' | 'faint';

const CODES: Readonly<Record<Tone, number>> = { good: 32, warning: 33, bad: 31, faint: 2 };

/** Whether a stream is a terminal that is to be colored: not with `NO_COLOR` (https://no-color.org) or `TERM=dumb`. */
export function isColored(out: Writable, environment: Readonly<Record<string, string | undefined>>): boolean {
  return isTerminal(out) && (environment.NO_COLOR ?? '') === '' && environment.TERM !== 'dumb';
}

/** Whether a stream is a terminal. */
export function isTerminal(out: Writable): boolean {
  return 'isTTY' in out && out.isTTY === true;
}

/** Text in a color (SGR). */
export function paint(text: string, tone: Tone): string {
  return `\x1b[${CODES[tone]}m${text}\x1b[0m`;
}
