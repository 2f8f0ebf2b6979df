import type { DeviceConnectivity } from '@skerry/model';
import { answerSessions, type SeriesStore, type SessionQuery } from '@skerry/series';
import type { Catalogue, DeviceState } from './catalogue.ts';
import type { ConnectivityQuery } from './pipeline.ts';
import type { SealDraft } from './seal-draft.ts';
import type { SessionBook } from './session-book.ts';

/** What the pages work with. */
export interface ConnectivityNeeds {
  readonly catalogue: Catalogue;
  readonly sessions: SessionBook;
  readonly store: Pick<SeriesStore, 'sessionEvents'>;
  readonly unsealed: () => readonly SealDraft[];
}

/** Answers how devices are connected: by the clients that speak for them, from the store and what is not sealed yet. */
export class ConnectivityPages {
  readonly #needs: ConnectivityNeeds;

  constructor(needs: ConnectivityNeeds) {
    this.#needs = needs;
  }

  /** Whether a client that spoke for the device last is connected. */
  now(device: DeviceState): DeviceConnectivity['now'] {
    const clients = this.#clients(device);
    if (clients.length === 0) return 'never';
    return clients.some(({ kind }) => kind === 'connected') ? 'connected' : 'disconnected';
  }

  /** Undefined when the device was never seen. */
  async of(query: ConnectivityQuery): Promise<DeviceConnectivity | undefined> {
    const device = this.#needs.catalogue.find(query.device);
    if (!device) return undefined;
    const clients = this.#clients(device);
    const leftOut = clients.reduce((sum, one) => sum + one.leftOut, 0);
    const { fromMicros, toMicros, limit } = query;
    const asked: SessionQuery = { clients, fromMicros, toMicros, limit: limit + 1 };
    const keys = new Set(clients.map(({ client, user }) => JSON.stringify([client, user])));
    const fresh = this.#needs.unsealed().flatMap((draft) => draft.sessions.events);
    const own = fresh.filter(({ client, user }) => keys.has(JSON.stringify([client, user])));
    const sealed = clients.length === 0 ? [] : await this.#needs.store.sessionEvents(asked);
    // what was sealed while the store was asked is in both
    const told = new Set(sealed.map(({ offset, client }) => `${offset} ${client}`));
    const news = own.filter(({ offset, client }) => !told.has(`${offset} ${client}`));
    const all = answerSessions([...sealed, ...news], asked);
    const inside = all.filter(({ timeMicros }) => timeMicros >= fromMicros);
    const isCut = inside.length > limit;
    const [first] = inside;
    const events = isCut ? all.filter((one) => one !== first) : all;
    return { now: this.now(device), clients, events, leftOut, isCut };
  }

  #clients(device: DeviceState): DeviceConnectivity['clients'] {
    return device.clients.flatMap(({ client, user, sinceMicros }) => {
      const known = this.#needs.sessions.find(client, user);
      return known ? [{ ...known, sinceMicros }] : [];
    });
  }
}
