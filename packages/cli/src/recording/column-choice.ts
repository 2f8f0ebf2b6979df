import { nearestWord } from '@skerry/model';
import { CliError } from '../errors.ts';

/** Which columns of a recording are published, and under which names. */
export interface ColumnChoice {
  /** Names of columns; undefined for all. */
  readonly only: ReadonlySet<string> | undefined;
  /** Metric by column, where it differs. */
  readonly rename: Readonly<Record<string, string>>;
}

/**
 * Reads `temp=temperature,rpm`: the column `temp` as `temperature`, the column `rpm` under its own name, no others.
 * Undefined means every column. Fails with `usage`.
 */
export function readColumnChoice(text: string | undefined): ColumnChoice {
  if (text === undefined) return { only: undefined, rename: {} };
  const metrics = new Map<string, string>();
  for (const part of text.split(',')) {
    const at = part.indexOf('=');
    const column = (at < 0 ? part : part.slice(0, at)).trim();
    const metric = at < 0 ? column : part.slice(at + 1).trim();
    if (column === '' || metric === '') throw refused(part, 'COLUMN or COLUMN=METRIC');
    if (metrics.has(column)) throw refused(part, 'each column once');
    if ([...metrics.values()].includes(metric)) throw refused(part, 'each metric once');
    metrics.set(column, metric);
  }
  const renamed = [...metrics].filter(([column, metric]) => column !== metric);
  return { only: new Set(metrics.keys()), rename: Object.fromEntries(renamed) };
}

/** Fails with `usage` when one of the chosen columns is not among those of the file. */
export function checkColumns(choice: ColumnChoice, columns: readonly string[]): void {
  for (const name of choice.only ?? []) {
    if (columns.includes(name)) continue;
    const close = nearestWord(name, columns);
    throw new CliError(
      'usage',
      `--columns: found ${JSON.stringify(name)}, wanted a column of the recording${close ? `; did you mean ${close}?` : ':'} It has ${columns.join(', ')}.`,
    );
  }
}

function refused(part: string, wanted: string): CliError {
  return new CliError('usage', `--columns: found ${JSON.stringify(part)}, wanted ${wanted}.`);
}
