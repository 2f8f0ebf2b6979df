import { type Column, type OutputFormat, printable, type Sink, tableLine, write, yamlText } from './rows.ts';

/** A column of a table whose rows come one after another: its width is fixed in advance. */
export interface StreamColumn<Row> extends Column<Row> {
  readonly width: number;
}

/** Text gathered before it is written, characters: one write for many rows, whatever reads them. */
const PIECE_CHARS = 65_536;

/** Prints rows as they come, in any format, holding one piece of text at most. */
export class RowStream<Row> {
  readonly #sink: Sink;
  readonly #format: OutputFormat;
  readonly #columns: readonly StreamColumn<Row>[];
  #text = '';
  #count = 0;

  constructor(sink: Sink, format: OutputFormat, columns: readonly StreamColumn<Row>[]) {
    this.#sink = sink;
    this.#format = format;
    this.#columns = columns.filter((column) => format === 'wide' || !column.isWide);
  }

  /** Rows added. */
  get count(): number {
    return this.#count;
  }

  /** Prints a row; waits while the reader is slower. */
  async add(row: Row): Promise<void> {
    this.#text += this.#format === 'ndjson' ? `${JSON.stringify(row)}\n` : this.#formatted(row);
    this.#count += 1;
    if (this.#text.length >= PIECE_CHARS) await this.flush();
  }

  /** Writes what is gathered. */
  async flush(): Promise<void> {
    const text = this.#text;
    this.#text = '';
    if (text !== '') await write(this.#sink.stdout, text);
  }

  /** Writes the rest, so that the whole is well formed. */
  async end(): Promise<void> {
    if (this.#format === 'json') this.#text += this.#count === 0 ? '[]\n' : '\n]\n';
    else if (this.#format === 'yaml' && this.#count === 0) this.#text += '[]\n';
    else if (this.#count === 0 && this.#format !== 'ndjson') this.#text += this.#head();
    await this.flush();
  }

  #formatted(row: Row): string {
    if (this.#format === 'json') return `${this.#count === 0 ? '[\n' : ',\n'}${JSON.stringify(row)}`;
    if (this.#format === 'yaml') return yamlText([row]);
    const cells = this.#columns.map((column) => printable(column.cell(row)));
    return (this.#count === 0 ? this.#head() : '') + tableLine(cells, this.#columns, this.#widths());
  }

  #head(): string {
    return tableLine(
      this.#columns.map((column) => column.title),
      this.#columns,
      this.#widths(),
    );
  }

  #widths(): number[] {
    return this.#columns.map((column) => column.width);
  }
}
