import { DatabaseSync, type StatementSync } from 'node:sqlite';

/**
 * Which offsets each chunk holds, in a temporary database that spills to disk. Spans are kept by the power of two that
 * their width is below, so that those that touch a range are found by one index look-up for each power.
 */
export class ChunkSpans {
  readonly #connection = new DatabaseSync('');
  readonly #insert: StatementSync;
  readonly #powers = new Set<number>();

  constructor() {
    this.#connection.exec(
      'PRAGMA cache_size=-2048; CREATE TABLE spans(power INTEGER, low INTEGER, high INTEGER, day INTEGER, id INTEGER, PRIMARY KEY (power, low, day, id)) WITHOUT ROWID; BEGIN',
    );
    this.#insert = this.#connection.prepare('INSERT INTO spans VALUES (?, ?, ?, ?, ?)');
  }

  /** Notes the offsets of a chunk; before `finish`. */
  add(day: number, id: number, offsets: Float64Array): void {
    let low = Infinity;
    let high = -Infinity;
    for (let i = 0; i < offsets.length; i++) {
      const offset = Number(offsets[i]);
      if (offset < low) low = offset;
      if (offset > high) high = offset;
    }
    const power = Math.ceil(Math.log2(high - low + 2));
    this.#powers.add(power);
    this.#insert.run(power, low, high, day, id);
  }

  /** Ends the noting. */
  finish(): void {
    this.#connection.exec('COMMIT');
  }

  /** Chunks that may hold an offset in [from, to), in no order. */
  *touching(from: number, to: number): Generator<{ readonly day: number; readonly id: number }> {
    const find = this.#connection.prepare(
      'SELECT low, high, day, id FROM spans WHERE power = ? AND (low, day, id) > (?, ?, ?) AND low < ? ORDER BY low, day, id LIMIT 256',
    );
    for (const power of this.#powers) {
      let after: readonly [low: number, day: number, id: number] = [from - 2 ** power, -1, -1];
      for (;;) {
        const rows = find.all(power, ...after, to);
        for (const row of rows)
          if (Number(row.high) >= from) yield { day: Number(row.day), id: Number(row.id) };
        const last = rows.at(-1);
        if (!last) break;
        after = [Number(last.low), Number(last.day), Number(last.id)];
      }
    }
  }

  /** Gives the temporary database up. */
  close(): void {
    this.#connection.close();
  }
}
