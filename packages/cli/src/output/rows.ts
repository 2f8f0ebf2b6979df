import type { Writable } from 'node:stream';
import { stringify } from 'yaml';
import { isColored, paint, type Tone } from './color.ts';

/** Where a verb prints its data, and the environment that says how. */
export interface Sink {
  readonly stdout: Writable;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Shown with `-o wide` only. */
  readonly isWide?: boolean;
  /** Color of a cell on a terminal. */
  tone?(row: Row): Tone | undefined;
  cell(row: Row): string;
}

/** How rows are printed. */
export type OutputFormat = 'table' | 'wide' | 'json' | 'ndjson' | 'yaml';

/** The format that `--output` names, `table` when it is absent. */
export function outputFormat(flag: unknown): OutputFormat {
  return flag === 'wide' || flag === 'json' || flag === 'ndjson' || flag === 'yaml' ? flag : 'table';
}

/** Prints rows in a format; `json` and `yaml` print `whole` when it is given, else the list of rows. */
export async function printRows<Row>(
  sink: Sink,
  format: OutputFormat,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  whole: unknown = rows,
): Promise<void> {
  const out = sink.stdout;
  if (format === 'json') await write(out, `${JSON.stringify(whole)}\n`);
  else if (format === 'yaml') await write(out, yamlText(whole));
  else if (format === 'ndjson') for (const row of rows) await write(out, `${JSON.stringify(row)}\n`);
  else {
    const shown = columns.filter((column) => format === 'wide' || !column.isWide);
    await write(out, table(rows, shown, isColored(out, sink.environment)));
  }
}

/** A value as YAML; long texts are not folded. */
export function yamlText(value: unknown): string {
  return stringify(value, { lineWidth: 0 });
}

/** Writes text and waits while the reader is slower than we are. */
export async function write(out: Writable, text: string): Promise<void> {
  if (!out.write(text)) await new Promise<void>((resolve) => out.once('drain', resolve));
}

/** A table with a header line; columns are as wide as their longest cell. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[], hasColors = false): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.cell(row))));
  const widths = columns.map((column, index) =>
    cells.reduce(
      (width, row) => Math.max(width, displayWidth(String(row[index]))),
      displayWidth(column.title),
    ),
  );
  const titles = columns.map((column) => column.title);
  const lines = cells.map((row, at) => {
    const tones = columns.map((column) => (hasColors ? column.tone?.(rows[at] as Row) : undefined)); // `cells` has a line for each row
    return tableLine(row, columns, widths, tones);
  });
  return [tableLine(titles, columns, widths), ...lines].join('');
}

/** One line of a table: cells padded to their widths, with a newline and without blanks before it. */
export function tableLine(
  cells: readonly string[],
  columns: readonly Pick<Column<never>, 'align'>[],
  widths: readonly number[],
  tones: readonly (Tone | undefined)[] = [],
): string {
  const padded = cells.map((cell, index) => {
    const isLast = index === cells.length - 1;
    const gap = ' '.repeat(Math.max(0, Number(widths[index]) - displayWidth(cell)));
    const tone = tones[index];
    const text = tone === undefined ? cell : paint(cell, tone);
    if (columns[index]?.align === 'right') return gap + text;
    return isLast ? text : text + gap;
  });
  return `${padded.join('  ').trimEnd()}\n`;
}

/** Text safe for a terminal: control characters are shown as escapes. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Columns of a terminal that a text takes. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    width +=
      code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xffdc) || code >= 0x1f300) ? 2 : 1;
  }
  return width;
}
