import type { Writable } from 'node:stream';
import { stringify } from 'yaml';

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Shown with `-o wide` only. */
  readonly isWide?: boolean;
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
  out: Writable,
  format: OutputFormat,
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  whole: unknown = rows,
): Promise<void> {
  if (format === 'json') await write(out, `${JSON.stringify(whole, jsonValue)}\n`);
  else if (format === 'yaml') await write(out, stringify(whole));
  else if (format === 'ndjson')
    for (const row of rows) await write(out, `${JSON.stringify(row, jsonValue)}\n`);
  else
    await write(
      out,
      table(
        rows,
        columns.filter((column) => format === 'wide' || !column.isWide),
      ),
    );
}

/** Writes text and waits while the reader is slower than we are. */
export async function write(out: Writable, text: string): Promise<void> {
  if (!out.write(text)) await new Promise<void>((resolve) => out.once('drain', resolve));
}

/** A table with a header line; columns are as wide as their longest cell. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.cell(row))));
  const widths = columns.map((column, index) =>
    cells.reduce(
      (width, row) => Math.max(width, displayWidth(String(row[index]))),
      displayWidth(column.title),
    ),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, index) => {
        const gap = ' '.repeat(Math.max(0, Number(widths[index]) - displayWidth(cell)));
        return columns[index]?.align === 'right' ? gap + cell : cell + gap;
      })
      .join('  ')
      .trimEnd();
  return [columns.map((column) => column.title), ...cells].map((row) => `${line(row)}\n`).join('');
}

/** Text safe for a terminal: control characters are shown as escapes. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) {
    const code = char.codePointAt(0) ?? 0;
    width +=
      code >= 0x1100 && (code <= 0x115f || (code >= 0x2e80 && code <= 0xffdc) || code >= 0x1f300) ? 2 : 1;
  }
  return width;
}

function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
