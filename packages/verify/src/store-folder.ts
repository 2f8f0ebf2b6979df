import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite';
import type { DeviceKey } from '@skerry/model';
import { type ChunkColumns, decodeChunk, decodePack } from './chunk-decoder.ts';
import { Damage } from './damage.ts';
import type { SetAside, StoreExtent, UnknownPoints } from './kept.ts';
import { checkRows, hasTable } from './row-checksums.ts';
import type { SentBook, SentDevice } from './sent-book.ts';
import { MARK_METRICS, StoredBook } from './stored-book.ts';

type Row = Record<string, SQLOutputValue>;

/** Names of the day files of a retention class, oldest first. */
export function dayFilesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^\d{4}-\d{2}-\d{2}\.db$/.test(name))
    .sort();
}

/**
 * Reads a store from docs/formats/series.md alone, through SQLite opened read-only. Damage goes to `onDamage`.
 * Undefined when there is no file.
 */
export function readStore(
  folder: string,
  sent: SentBook,
  onDamage: (message: string) => unknown,
): StoreExtent | undefined {
  const names = dayFilesOf(folder);
  const newest = names.at(-1);
  if (newest === undefined) return undefined;
  const reading = new StoreReading(sent, onDamage);
  for (const name of names) reading.readFile(join(folder, name), name, name === newest);
  return { ...reading.state, files: names.length, ...reading.found() };
}

/** Whose points a series has; `metric` is a place in `MARK_METRICS`. */
interface Wanted {
  readonly device: SentDevice | DeviceKey;
  readonly metric: number;
}

class StoreReading {
  state = { position: 0, seal: 0, journalId: '' };
  readonly #sent: SentBook;
  readonly #onDamage: (message: string) => unknown;
  readonly #book = new StoredBook();
  readonly #unknown: UnknownPoints[] = [];
  readonly #setAside = new Map<number, SetAside>();
  readonly #seqResets: { device: DeviceKey; count: number }[] = [];

  constructor(sent: SentBook, onDamage: (message: string) => unknown) {
    this.#sent = sent;
    this.#onDamage = onDamage;
  }

  found(): Pick<StoreExtent, 'book' | 'unknown' | 'setAside' | 'seqResets'> {
    return {
      book: this.#book,
      unknown: this.#unknown,
      setAside: [...this.#setAside.values()],
      seqResets: this.#seqResets,
    };
  }

  readFile(path: string, name: string, isNewest: boolean): void {
    try {
      using file = new DatabaseSync(path, { readOnly: true });
      file.exec('BEGIN');
      if (isNewest) this.#readState(file);
      this.#readPoints(file, name);
      const onDamage = (message: string) => this.#onDamage(`store ${name}: ${message}`);
      checkRows(file, 'dead_letters', onDamage);
      if (isNewest) {
        checkRows(file, 'dedupe', onDamage);
        checkRows(file, 'gaps', onDamage);
        if (hasTable(file, 'stages')) checkRows(file, 'stages', onDamage);
      }
      this.#readDeadLetters(file);
    } catch (fault) {
      // SQLite tells of damage by an error of its own
      this.#onDamage(`store ${name}: ${fault instanceof Error ? fault.message : String(fault)}`);
    }
  }

  #readState(file: DatabaseSync): void {
    const row = file.prepare('SELECT journal_id, seal, position FROM state WHERE id = 1').get();
    if (!row) throw new Damage('it has no state');
    this.state = {
      position: Number(row.position),
      seal: Number(row.seal),
      journalId: String(row.journal_id),
    };
    const resets = file
      .prepare(
        'SELECT tenant, project, devices.device AS device, seq_resets FROM accounts JOIN devices ON devices.id = accounts.device WHERE seq_resets > 0',
      )
      .all();
    for (const row of resets) this.#seqResets.push({ device: keyOf(row), count: Number(row.seq_resets) });
  }

  #readPoints(file: DatabaseSync, name: string): void {
    const chunks = file.prepare('SELECT id, n, body FROM chunks WHERE series = ?');
    const theirs = new Map<number, Wanted>();
    for (const series of file.prepare('SELECT id, tenant, project, device, metric FROM series').iterate()) {
      const key = keyOf(series);
      if (!this.#sent.hasProject(key.tenant, key.project)) continue;
      const metric = MARK_METRICS.indexOf(String(series.metric));
      const device = this.#sent.ofKey(key);
      if (device && metric < 0) continue;
      const wanted = { device: device ?? key, metric };
      theirs.set(Number(series.id), wanted);
      for (const chunk of chunks.iterate(Number(series.id)))
        this.#guard(name, chunk, () => this.#readChunk(chunk, wanted));
    }
    for (const pack of file.prepare('SELECT id, series, n, body FROM chunks WHERE series < 0').iterate())
      this.#guard(name, pack, () => this.#readPack(pack, theirs));
  }

  #readChunk(chunk: Row, wanted: Wanted): void {
    const columns = decodeChunk(bytesOf(chunk));
    checkCount(chunk, columns.count);
    this.#add(wanted, columns, 0, columns.count);
  }

  #readPack(pack: Row, theirs: ReadonlyMap<number, Wanted>): void {
    const columns = decodePack(bytesOf(pack), Number(pack.series));
    checkCount(pack, columns.count);
    for (const { series, from, to } of columns.runs) {
      const wanted = theirs.get(series);
      if (wanted) this.#add(wanted, columns, from, to);
    }
  }

  #add({ device, metric }: Wanted, { offsets, numbers }: ChunkColumns, from: number, to: number): void {
    if (!('lanes' in device)) {
      this.#unknown.push({ device, points: to - from, offset: Number(offsets[from]) });
      return;
    }
    for (let i = from; i < to; i++) this.#book.add(device, metric, Number(offsets[i]), Number(numbers[i]));
  }

  #guard(name: string, chunk: Row, read: () => void): void {
    try {
      read();
    } catch (fault) {
      if (!(fault instanceof Damage)) throw fault;
      this.#onDamage(`store ${name}: chunk ${chunk.id}: ${fault.message}`);
    }
  }

  #readDeadLetters(file: DatabaseSync): void {
    const rows = file
      .prepare("SELECT offset, tenant, project, topic, payload FROM dead_letters WHERE state <> 'replayed'")
      .iterate();
    for (const row of rows) {
      const isTheirs =
        this.#sent.hasProject(String(row.tenant), String(row.project)) ||
        this.#sent.ofTopic(String(row.topic)) !== undefined;
      if (!isTheirs || !(row.payload instanceof Uint8Array)) continue;
      const offset = Number(row.offset);
      this.#setAside.set(offset, { offset, topic: String(row.topic), payload: row.payload });
    }
  }
}

function bytesOf(chunk: Row): Uint8Array {
  if (!(chunk.body instanceof Uint8Array)) throw new Damage('it has no bytes');
  return chunk.body;
}

function checkCount(chunk: Row, count: number): void {
  if (count !== chunk.n) throw new Damage(`it has ${count} points, its row says ${chunk.n}`);
}

function keyOf(row: Row): DeviceKey {
  return { tenant: String(row.tenant), project: String(row.project), device: String(row.device) };
}
