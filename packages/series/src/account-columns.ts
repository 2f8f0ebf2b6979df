import type { DeviceAccount } from './store.ts';

/** The counts of a row, in this order. */
const ORDER = [
  'stored',
  'deduplicated',
  'filtered',
  'deadLettered',
  'discarded',
  'expired',
  'timeCorrected',
  'seqResets',
  'lastSeenMicros',
] as const satisfies readonly (keyof DeviceAccount)[];

const WIDTH = ORDER.length;

/** What of `AccountColumns` crosses a thread: its members, without an object for each account. */
export type AccountParts = Pick<AccountColumns, 'owners' | 'ownerOf' | 'devices' | 'counts'>;

/**
 * The accounts of many devices as columns: a seal of ten thousand devices is a list of names and one array of numbers.
 * Iterating makes an object for each.
 */
export class AccountColumns implements Iterable<DeviceAccount> {
  /** Each tenant and project once. */
  readonly owners: readonly Pick<DeviceAccount, 'tenant' | 'project'>[];
  /** By row: index into `owners`. */
  readonly ownerOf: Uint32Array<ArrayBuffer>;
  readonly devices: readonly string[];
  /** Row by row in the order of the members of `DeviceAccount`, from `stored` on. */
  readonly counts: Float64Array<ArrayBuffer>;

  constructor({ owners, ownerOf, devices, counts }: AccountParts) {
    this.owners = owners;
    this.ownerOf = ownerOf;
    this.devices = devices;
    this.counts = counts;
  }

  /** The counts as they are now; columns are given back as they are. */
  static of(accounts: Iterable<DeviceAccount>): AccountColumns {
    if (accounts instanceof AccountColumns) return accounts;
    const all = Array.isArray(accounts) ? accounts : [...accounts];
    const owners: Pick<DeviceAccount, 'tenant' | 'project'>[] = [];
    const places = new Map<string, number>();
    const ownerOf = new Uint32Array(all.length);
    const devices: string[] = new Array(all.length);
    const counts = new Float64Array(all.length * WIDTH);
    for (let row = 0; row < all.length; row++) {
      const one: DeviceAccount = all[row];
      const { tenant, project } = one;
      let owner = owners.length - 1;
      if (owners[owner]?.tenant !== tenant || owners[owner]?.project !== project) {
        const key = `${tenant}\u0000${project}`;
        owner = places.get(key) ?? owners.push({ tenant, project }) - 1;
        places.set(key, owner);
      }
      ownerOf[row] = owner;
      devices[row] = one.device;
      writeCounts(counts, row * WIDTH, one);
    }
    return new AccountColumns({ owners, ownerOf, devices, counts });
  }

  /** Accounts. */
  get rows(): number {
    return this.devices.length;
  }

  /** The account in `row`. */
  at(row: number): DeviceAccount {
    const { tenant, project } = this.owners[Number(this.ownerOf[row])] ?? { tenant: '', project: '' };
    const count = (place: number): number => Number(this.counts[row * WIDTH + place]);
    return {
      tenant,
      project,
      device: this.devices[row] ?? '',
      stored: count(0),
      deduplicated: count(1),
      filtered: count(2),
      deadLettered: count(3),
      discarded: count(4),
      expired: count(5),
      timeCorrected: count(6),
      seqResets: count(7),
      lastSeenMicros: count(8),
    };
  }

  *[Symbol.iterator](): Generator<DeviceAccount> {
    for (let row = 0; row < this.rows; row++) yield this.at(row);
  }
}

function writeCounts(counts: Float64Array, at: number, one: DeviceAccount): void {
  counts[at] = one.stored;
  counts[at + 1] = one.deduplicated;
  counts[at + 2] = one.filtered;
  counts[at + 3] = one.deadLettered;
  counts[at + 4] = one.discarded;
  counts[at + 5] = one.expired;
  counts[at + 6] = one.timeCorrected;
  counts[at + 7] = one.seqResets;
  counts[at + 8] = one.lastSeenMicros;
}
