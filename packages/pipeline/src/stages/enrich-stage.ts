import { type DocumentFault, type EnrichDocument, nearestWord, type PointValue, show } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import { isValidMetricName } from '../topic-template.ts';
import { compileExpression } from './expression.ts';
import { type LookupTable, readLookupTable } from './lookup-table.ts';
import { StageFault, type StageMessage } from './stage-message.ts';
import { type CompiledStage, noFigures } from './stage-run.ts';

/** Gives the CSV of a declared table by its name, where it may be used; undefined where there is none. */
export interface TableSource {
  csv(name: string): string | undefined;
  readonly names: readonly string[];
}

/** A stage that adds columns of a table's row. */
export function compileEnrich(
  document: EnrichDocument,
  path: string,
  tables: TableSource,
  faults: DocumentFault[],
): CompiledStage | undefined {
  const key = compileExpression(document.key, 'string', `${path}.key`, faults);
  const table = tableOf(document, path, tables, faults);
  const columns = table && columnsOf(document, table, path, faults);
  if (!key || !table || !columns) return undefined;
  return {
    name: document.name,
    type: 'Enrich',
    figures: noFigures(),
    run: (message, run) => {
      const text = run.evaluate(key, message);
      if (typeof text !== 'string')
        throw new StageFault(`The expression ${key.text} gave a ${typeof text}; a text was expected.`);
      const row = table.row(text);
      if (row) addRow(message, row, columns, document.into);
      else if (document.missing === 'deadLetter')
        throw new StageFault(`The table has no row with the ${table.keyColumn} ${show(text)}.`);
      else if (document.missing === 'filter') return false;
      return true;
    },
  };
}

function tableOf(
  { table: name, csv, keyColumn }: EnrichDocument,
  path: string,
  tables: TableSource,
  faults: DocumentFault[],
): LookupTable | undefined {
  if (csv !== undefined) return readLookupTable(csv, keyColumn, `${path}.csv`, faults);
  const declared = name === undefined ? undefined : tables.csv(name);
  if (declared !== undefined) return readLookupTable(declared, keyColumn, `${path}.table`, faults);
  const near = nearestWord(name ?? '', tables.names);
  const hint = near === undefined ? 'one that was applied before' : `perhaps ${near}`;
  faults.push({
    path: `${path}.table`,
    detail: `found ${show(name)}, wanted the name of a LookupTable, ${hint}`,
  });
  return undefined;
}

/** Names and places of the columns that are added. */
function columnsOf(
  { columns, into }: EnrichDocument,
  table: LookupTable,
  path: string,
  faults: DocumentFault[],
): [string, number][] | undefined {
  const before = faults.length;
  const wanted = columns.length > 0 ? columns : table.columns.filter((name) => name !== table.keyColumn);
  const found = wanted.map((name, i): [string, number] => {
    const place = table.columns.indexOf(name);
    const at = `${path}.columns[${i}]`;
    if (place < 0) {
      const near = nearestWord(name, table.columns);
      const hint = near === undefined ? `one of ${table.columns.join(', ')}` : `perhaps ${near}`;
      faults.push({ path: at, detail: `found ${show(name)}, wanted a column of the table, ${hint}` });
    } else if (into === 'metrics' && !isValidMetricName(name))
      faults.push({ path: at, detail: `found ${show(name)}, wanted a metric name` });
    return [name, place];
  });
  return faults.length > before ? undefined : found;
}

function addRow(
  message: StageMessage,
  row: readonly string[],
  columns: readonly (readonly [string, number])[],
  into: EnrichDocument['into'],
): void {
  const attributes = into === 'attributes' ? new Map(message.attributes) : undefined;
  for (const [name, at] of columns) {
    const text = row[at] ?? '';
    message.textUnits += text.length;
    if (attributes) attributes.set(name, text);
    else if (text !== '') message.metrics.set(name, metricOf(text));
  }
  if (attributes) message.attributes = attributes;
  if (message.metrics.size > LIMITS.recordPointsMax.value)
    throw new StageFault(`The message would have more than ${LIMITS.recordPointsMax.value} metrics.`);
}

/** A cell as a value: a number or a truth value where it is written so, else a text. */
function metricOf(text: string): PointValue {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
}
