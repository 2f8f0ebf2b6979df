/** Why a text is no CSV, in words. */
export class CsvFault extends Error {}

/** Rows of CSV (RFC 4180: commas, quotes doubled inside of quotes, lines that end in LF or CRLF). Blank lines are left out. Fails with `CsvFault`. */
export function csvRows(text: string, rowsMax: number): string[][] {
  const rows: string[][] = [];
  let at = 0;
  const end = text.length;
  while (at < end) {
    const row: string[] = [];
    for (;;) {
      const field = text[at] === '"' ? quoted(text, at) : plain(text, at);
      row.push(field.value);
      at = field.end;
      if (text[at] !== ',') break;
      at++;
    }
    if (text[at] === '\r' && (text[at + 1] === '\n' || at + 1 === end)) at++;
    if (at < end && text[at] !== '\n')
      throw new CsvFault(`line ${rows.length + 1} goes on behind a closing quote, wanted a comma or its end`);
    at++;
    if (row.length === 1 && row[0] === '') continue;
    rows.push(row);
    if (rows.length > rowsMax)
      throw new CsvFault(`found more than ${rowsMax - 1} rows beside the header line`);
  }
  if (rows.length === 0) throw new CsvFault('found no header line');
  return rows;
}

function plain(text: string, start: number): { value: string; end: number } {
  let at = start;
  while (at < text.length && text[at] !== ',' && text[at] !== '\n') at++;
  const end = text[at - 1] === '\r' && at > start ? at - 1 : at;
  return { value: text.slice(start, end), end };
}

function quoted(text: string, start: number): { value: string; end: number } {
  let value = '';
  let at = start + 1;
  for (;;) {
    const close = text.indexOf('"', at);
    if (close < 0) throw new CsvFault('a quote has no end');
    value += text.slice(at, close);
    if (text[close + 1] !== '"') return { value, end: close + 1 };
    value += '"';
    at = close + 2;
  }
}
