import { type DocumentFault, show } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import { CsvFault, csvRows } from './csv-rows.ts';

/** Rows of texts by the text of their key column. */
export interface LookupTable {
  readonly columns: readonly string[];
  /** The column that holds the keys. */
  readonly keyColumn: string;
  row(key: string): readonly string[] | undefined;
}

/** Reads CSV with a header line; a key that is there twice is a fault. What is wrong is added to `faults`, under `path`. */
export function readLookupTable(
  csv: string,
  keyColumn: string | undefined,
  path: string,
  faults: DocumentFault[],
): LookupTable | undefined {
  const before = faults.length;
  const fail = (detail: string): void => void faults.push({ path, detail });
  let lines: string[][];
  try {
    lines = csvRows(csv, LIMITS.tableRowsMax.value + 1);
  } catch (fault) {
    if (!(fault instanceof CsvFault)) throw fault;
    fail(fault.message);
    return undefined;
  }
  const [columns = [], ...rest] = lines;
  if (columns.length > LIMITS.tableColumnsMax.value)
    fail(`found ${columns.length} columns, wanted at most ${LIMITS.tableColumnsMax.value}`);
  for (const [i, column] of columns.entries()) {
    if (column === '') fail(`column ${i + 1} of the header line has no name`);
    if (columns.indexOf(column) !== i) fail(`the column ${show(column)} is there twice`);
  }
  const key = keyColumn ?? columns[0] ?? '';
  const place = columns.indexOf(key);
  if (place < 0) fail(`found no column ${show(key)}, wanted one of ${columns.join(', ')}`);
  const rows = new Map<string, string[]>();
  for (const [i, row] of rest.entries()) {
    const text = row[place] ?? '';
    if (row.length !== columns.length)
      fail(`line ${i + 2} has ${row.length} columns, wanted ${columns.length}`);
    else if (rows.has(text)) fail(`line ${i + 2} has the key ${show(text)} a second time`);
    if (faults.length > before + 10) return undefined;
    rows.set(text, row);
  }
  if (faults.length > before) return undefined;
  return { columns, keyColumn: key, row: (text) => rows.get(text) };
}
