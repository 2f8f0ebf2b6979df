import { AccountColumns } from '../account-columns.ts';
import { ByteReader, ByteWriter } from '../chunk-bytes.ts';
import { LIMITS } from '../limits.ts';
import type { DedupeEntries, DeviceAccount, DeviceGaps, Seal } from '../store.ts';
import type { Turn } from '../turn.ts';
import { type DayFile, hasLastSeen } from './day-file.ts';
import { checkDedupe, checkGaps, dedupeChecksum, gapsChecksum } from './row-checksums.ts';

/** Rows of one tier from which they are joined into one of the next. */
const TIER_ROWS = 16;
// fixed by the format: three tiers of 16 hold the whole window
const TIERS_MAX = 3;

interface Device {
  readonly id: number;
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
}

type Named = Pick<Device, 'tenant' | 'project' | 'device'>;

/** Accounts that one statement writes: a call costs more than a row. */
const ACCOUNTS_AT_ONCE = 32;
const ACCOUNT_ROW = '(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)';
const INSERT_ACCOUNT = `INSERT OR REPLACE INTO accounts VALUES ${ACCOUNT_ROW}`;
const INSERT_ACCOUNTS = INSERT_ACCOUNT + `, ${ACCOUNT_ROW}`.repeat(ACCOUNTS_AT_ONCE - 1);

/** Numbers of devices inside the files, and how many dedupe rows of the lowest tier each has. */
export class DeviceRows {
  /** By tenant and project, then by device. */
  readonly #ids = new Map<string, Map<string, number>>();
  /** Numbers given since the last commit. */
  #fresh: { readonly ids: Map<string, number>; readonly device: string }[] = [];
  #rows = new Map<number, number>();
  #nextId = 1;
  /** Files whose accounts have the columns of this version. */
  #current = new WeakSet<DayFile>();

  /**
   * Accounts, dedupe entries and gaps as the newest file has them; remembers the numbers. Fails with `store-damaged` when
   * entries or gaps do not fit their checksums.
   */
  load(file: DayFile): { accounts: DeviceAccount[]; dedupe: DedupeEntries[]; gaps: DeviceGaps[] } {
    const devices = new Map<number, Device>();
    for (const row of file.all('SELECT * FROM devices')) {
      const device = {
        id: Number(row.id),
        tenant: String(row.tenant),
        project: String(row.project),
        device: String(row.device),
      };
      devices.set(device.id, device);
      this.#idsOf(device).set(device.device, device.id);
      this.#nextId = Math.max(this.#nextId, device.id + 1);
    }
    const of = (id: unknown): Named => {
      const { tenant, project, device } = devices.get(Number(id)) ?? { tenant: '', project: '', device: '' };
      return { tenant, project, device };
    };
    return { accounts: loadAccounts(file, of), dedupe: this.#loadDedupe(file, of), gaps: loadGaps(file, of) };
  }

  /** Writes what a seal changes, in slices; call `committed` or `rolledBack` afterwards. */
  async write(file: DayFile, seal: Seal, turn: Turn): Promise<void> {
    await this.#writeAccounts(file, AccountColumns.of(seal.accounts), turn);
    for (const one of seal.dedupe) {
      this.#writeDedupe(file, one, seal.logTimeMicros);
      if (turn.isDue()) await turn.take();
    }
    const byDevice = new Map<number, Omit<DeviceGaps, keyof Named>[]>();
    for (const { tenant, project, device, ...gaps } of seal.gaps) {
      const id = this.#idOf(file, { tenant, project, device });
      byDevice.set(id, [...(byDevice.get(id) ?? []), gaps]);
    }
    for (const [id, gaps] of byDevice) {
      const text = JSON.stringify(gaps);
      file.run('INSERT OR REPLACE INTO gaps VALUES (?, ?, ?)', id, text, gapsChecksum(id, text));
    }
  }

  /** The transaction of the last `write` is durable. */
  committed(): void {
    this.#fresh = [];
  }

  /** The transaction of the last `write` is undone. */
  rolledBack(): void {
    this.#nextId -= this.#fresh.length;
    for (const { ids, device } of this.#fresh) ids.delete(device);
    this.#fresh = [];
    this.#current = new WeakSet();
  }

  #idsOf({ tenant, project }: Pick<Named, 'tenant' | 'project'>): Map<string, number> {
    const key = `${tenant}\u0000${project}`;
    let ids = this.#ids.get(key);
    if (!ids) {
      ids = new Map();
      this.#ids.set(key, ids);
    }
    return ids;
  }

  #idOf(file: DayFile, device: Named): number {
    const ids = this.#idsOf(device);
    return ids.get(device.device) ?? this.#newId(file, ids, device);
  }

  #newId(file: DayFile, ids: Map<string, number>, { tenant, project, device }: Named): number {
    const id = this.#nextId++;
    ids.set(device, id);
    this.#fresh.push({ ids, device });
    file.run('INSERT INTO devices VALUES (?, ?, ?, ?)', id, tenant, project, device);
    return id;
  }

  async #writeAccounts(file: DayFile, accounts: AccountColumns, turn: Turn): Promise<void> {
    this.#bringUpToDate(file);
    const { owners, ownerOf, devices, counts, rows } = accounts;
    const idsOf = owners.map((owner) => this.#idsOf(owner));
    const width = rows === 0 ? 0 : counts.length / rows;
    let values: number[] = [];
    for (let row = 0; row < rows; row++) {
      const owner = Number(ownerOf[row]);
      const device = devices[row] ?? '';
      values.push(idsOf[owner]?.get(device) ?? this.#idOf(file, accounts.at(row)));
      for (let at = row * width; at < (row + 1) * width; at++) values.push(Number(counts[at]));
      if (values.length < ACCOUNTS_AT_ONCE * (width + 1)) continue;
      file.run(INSERT_ACCOUNTS, ...values);
      values = [];
      if (turn.isDue()) await turn.take();
    }
    for (let at = 0; at < values.length; at += width + 1)
      file.run(INSERT_ACCOUNT, ...values.slice(at, at + width + 1));
  }

  #bringUpToDate(file: DayFile): void {
    if (this.#current.has(file)) return;
    if (!hasLastSeen(file)) file.run('ALTER TABLE accounts ADD COLUMN last_seen INTEGER NOT NULL DEFAULT 0');
    this.#current.add(file);
  }

  #writeDedupe(file: DayFile, one: DedupeEntries, logMicros: number): void {
    const device = this.#idOf(file, one);
    const entries = packEntries([one]);
    const row = { device, tier: 0, count: one.count, newest: one.newestMicros, entries };
    file.run(
      'INSERT INTO dedupe (device, tier, count, newest, entries, checksum) VALUES (?, 0, ?, ?, ?, ?)',
      device,
      one.count,
      one.newestMicros,
      entries,
      dedupeChecksum(row),
    );
    // counts only say when to look: after a roll-back they are too high, and the look finds less to join
    const rows = (this.#rows.get(device) ?? 0) + 1;
    this.#rows.set(device, rows >= TIER_ROWS ? 0 : rows);
    if (rows >= TIER_ROWS) joinDedupe(file, device, logMicros);
  }

  #loadDedupe(file: DayFile, of: (id: unknown) => Named): DedupeEntries[] {
    const all: DedupeEntries[] = [];
    for (const row of file.all('SELECT * FROM dedupe ORDER BY device, id')) {
      checkDedupe(file.path, row);
      const device = Number(row.device);
      if (row.tier === 0) this.#rows.set(device, (this.#rows.get(device) ?? 0) + 1);
      // a BLOB column is given as bytes
      for (const one of unpackEntries(row.entries as Uint8Array)) all.push({ ...of(device), ...one });
    }
    return all;
  }
}

function loadAccounts(file: DayFile, of: (id: unknown) => Named): DeviceAccount[] {
  return file.all('SELECT * FROM accounts').map((row) => ({
    ...of(row.device),
    stored: Number(row.stored),
    deduplicated: Number(row.deduplicated),
    filtered: Number(row.filtered),
    deadLettered: Number(row.dead_lettered),
    discarded: Number(row.discarded),
    expired: Number(row.expired),
    timeCorrected: Number(row.time_corrected),
    seqResets: Number(row.seq_resets),
    lastSeenMicros: Number(row.last_seen ?? 0), // files of older versions have no such column until they are written
  }));
}

function loadGaps(file: DayFile, of: (id: unknown) => Named): DeviceGaps[] {
  return file.all('SELECT * FROM gaps').flatMap((row) => {
    checkGaps(file.path, row);
    // written by `write` with these members
    const gaps = JSON.parse(String(row.gaps)) as Omit<DeviceGaps, keyof Named>[];
    return gaps.map((one) => ({ ...of(row.device), ...one }));
  });
}

/** Joins the rows of a full tier, and removes what the window no longer needs. */
function joinDedupe(file: DayFile, device: number, logMicros: number): void {
  const rows = file.all(
    'SELECT id, tier, count, newest FROM dedupe WHERE device = ? ORDER BY id DESC',
    device,
  );
  let newer = 0;
  const kept: typeof rows = [];
  for (const row of rows) {
    const isOld = Number(row.newest) < logMicros - LIMITS.dedupeMicros.value;
    const isOver = newer >= LIMITS.dedupeIdsMin.value && isOld;
    if (isOver || newer >= LIMITS.dedupeIdsMax.value)
      file.run('DELETE FROM dedupe WHERE id = ?', row.id ?? 0);
    else kept.push(row);
    newer += Number(row.count);
  }
  for (let tier = 0; tier < TIERS_MAX; tier++) {
    const full = kept.filter((row) => row.tier === tier);
    if (full.length < TIER_ROWS) return;
    const ids = full.map((row) => Number(row.id)).reverse();
    // a joined row takes the place of its newest part, so that the order of ids stays the order of age
    const last = Number(ids.at(-1));
    const parts = ids.map((id) => {
      const row = file.get('SELECT * FROM dedupe WHERE id = ?', id) ?? {};
      checkDedupe(file.path, row);
      return row.entries as Uint8Array; // a BLOB column is given as bytes
    });
    const entries = new Uint8Array(Buffer.concat(parts));
    const count = full.reduce((sum, row) => sum + Number(row.count), 0);
    const newest = Math.max(...full.map((row) => Number(row.newest)));
    for (const id of ids) if (id !== last) file.run('DELETE FROM dedupe WHERE id = ?', id);
    file.run(
      'UPDATE dedupe SET tier = ?, count = ?, newest = ?, entries = ?, checksum = ? WHERE id = ?',
      tier + 1,
      count,
      newest,
      entries,
      dedupeChecksum({ device, tier: tier + 1, count, newest, entries }),
      last,
    );
    for (const row of full) kept.splice(kept.indexOf(row), 1);
    kept.push({ id: last, tier: tier + 1, count, newest });
    kept.sort((a, b) => Number(b.id) - Number(a.id));
  }
}

function packEntries(all: readonly Omit<DedupeEntries, keyof Named>[]): Uint8Array {
  const writer = new ByteWriter();
  for (const one of all) {
    writer.varint(one.count);
    writer.varint(one.newestMicros);
    writer.varint(one.bytes.byteLength);
    writer.append(one.bytes);
  }
  return writer.copy();
}

function unpackEntries(bytes: Uint8Array): Omit<DedupeEntries, keyof Named>[] {
  const reader = new ByteReader(bytes);
  const all: Omit<DedupeEntries, keyof Named>[] = [];
  while (reader.at < bytes.byteLength) {
    const count = reader.varint();
    const newestMicros = reader.varint();
    const length = reader.varint();
    const start = reader.take(length);
    all.push({ count, newestMicros, bytes: bytes.slice(start, start + length) });
  }
  return all;
}
