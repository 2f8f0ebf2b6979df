import type { Qos } from '../packets/packet-type.ts';
import { wordsOfReason } from '../reason-codes.ts';
import { isSharedFilter } from './option-check.ts';

/** A topic filter that is wanted. */
export interface WantedFilter {
  /** With wildcards, and `$share/<group>/` in front of it for a share of the messages. */
  readonly filter: string;
  /** 1 unless given. */
  readonly qos?: Qos;
}

/** What a broker has said to a topic filter on this connection. */
export interface FilterStatus {
  readonly filter: string;
  readonly wanted: Qos;
  /** `lower`: granted with less than was wanted. */
  readonly state: 'not-asked' | 'asked' | 'granted' | 'lower' | 'refused';
  /** QoS that was granted; undefined without a grant. */
  readonly granted: Qos | undefined;
  /** What is wrong, in words; empty where nothing is. */
  readonly why: string;
}

/** One SUBSCRIBE to send, each with one filter, so that an answer, or a connection that is cut, names it. */
export interface Asking {
  readonly packetId: number;
  readonly filter: string;
  readonly qos: Qos;
}

type Entry = { -readonly [K in keyof FilterStatus]: FilterStatus[K] };

/** The topic filters of a subscriber and what the broker granted of them. */
export class FilterBook {
  readonly #entries: readonly Entry[];
  readonly #asked = new Map<number, Entry>();
  #lastPacketId = 0;

  constructor(wanted: readonly WantedFilter[]) {
    this.#entries = wanted.map(({ filter, qos = 1 }) => ({
      filter,
      wanted: qos,
      state: 'not-asked',
      granted: undefined,
      why: '',
    }));
  }

  /** What is known of each, in the order of the wishes. */
  get statuses(): readonly FilterStatus[] {
    return this.#entries;
  }

  /** All are granted with the QoS that is wanted. */
  get isComplete(): boolean {
    return this.#entries.every(({ state }) => state === 'granted');
  }

  /** The broker has said something to each, on this connection or in a session that goes on. */
  get isAnswered(): boolean {
    return this.#entries.every(({ state }) => state !== 'not-asked' && state !== 'asked');
  }

  /** Filters that are refused, or granted with less. */
  get wantingCount(): number {
    return this.#entries.filter(({ state }) => state === 'refused' || state === 'lower').length;
  }

  /**
   * A connection began. `known`: what the broker granted in a session that goes on; it is not asked for again, but for
   * shares: mosquitto up to 2.0.11 keeps the session over a restart and forgets that it had a share of something.
   */
  begin(known: ReadonlyMap<string, Qos>): void {
    this.#asked.clear();
    for (const entry of this.#entries) {
      const granted = known.get(entry.filter);
      const isKnown = granted === entry.wanted && !isSharedFilter(entry.filter);
      entry.state = isKnown ? 'granted' : 'not-asked';
      entry.granted = isKnown ? granted : undefined;
      entry.why = isKnown ? '' : 'the broker was not asked yet';
    }
  }

  /** Filters that the broker is to be asked for: all that are not granted as they are wanted. */
  ask(): Asking[] {
    this.#asked.clear(); // an answer that comes after all answers the older question, which says the same
    return this.#entries
      .filter(({ state }) => state !== 'granted')
      .map((entry) => {
        const packetId = this.takePacketId();
        this.#asked.set(packetId, entry);
        if (entry.state === 'not-asked') {
          entry.state = 'asked';
          entry.why = 'the broker has not answered yet';
        }
        return { packetId, filter: entry.filter, qos: entry.wanted };
      });
  }

  /** The reason of a SUBACK. Gives the filter as it stands now; undefined when nothing was asked under this identifier. */
  answer(packetId: number, reason: number): FilterStatus | undefined {
    const entry = this.#asked.get(packetId);
    if (!entry) return undefined;
    this.#asked.delete(packetId);
    if (reason >= 0x80) {
      entry.state = 'refused';
      entry.granted = undefined;
      entry.why = `The broker refuses ${JSON.stringify(entry.filter)}: ${wordsOfReason(reason)}.`;
    } else {
      const granted = reason as Qos; // the codec lets 0, 1, 2 and 0x80 on through
      entry.granted = granted;
      entry.state = granted < entry.wanted ? 'lower' : 'granted';
      entry.why =
        entry.state === 'lower'
          ? `The broker grants QoS ${granted} for ${JSON.stringify(entry.filter)}; ${entry.wanted} is wanted.${granted === 0 ? ' What it sends while nobody is connected is lost.' : ''}`
          : '';
    }
    return entry;
  }

  /** The connection cannot carry these filters, by the word of CONNACK. */
  refuse(isRefused: (filter: string) => boolean, reason: number): FilterStatus[] {
    const refused = this.#entries.filter(({ filter }) => isRefused(filter));
    for (const entry of refused) {
      entry.state = 'refused';
      entry.granted = undefined;
      entry.why = `The broker refuses ${JSON.stringify(entry.filter)}: ${wordsOfReason(reason)}.`;
    }
    return refused;
  }

  /** A packet identifier for SUBSCRIBE or UNSUBSCRIBE that was not used for long. */
  takePacketId(): number {
    this.#lastPacketId = (this.#lastPacketId % 65_535) + 1;
    return this.#lastPacketId;
  }
}
