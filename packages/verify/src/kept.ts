import type { DeviceKey } from '@skerry/model';
import type { JournalExtent } from './journal-folder.ts';
import type { StoredBook } from './stored-book.ts';

/** A record that the store has set aside. */
export interface SetAside {
  readonly offset: number;
  readonly topic: string;
  readonly payload: Uint8Array;
}

/** Points of a device that no sender knows. */
export interface UnknownPoints {
  readonly device: DeviceKey;
  readonly points: number;
  readonly offset: number;
}

/** What a store holds, as the judge wants it. */
export interface StoreExtent {
  /** Records below have a verdict, durably. */
  readonly position: number;
  readonly seal: number;
  readonly journalId: string;
  readonly files: number;
  readonly book: StoredBook;
  readonly unknown: readonly UnknownPoints[];
  readonly setAside: readonly SetAside[];
  /** Restarts of a device's own numbering that the store has counted, where there are some. */
  readonly seqResets: readonly { readonly device: DeviceKey; readonly count: number }[];
}

/** A record of the journal under a topic of a sender, as the judge wants it. */
export interface JournalEntry {
  readonly offset: number;
  readonly topic: string;
  readonly payload: Buffer;
}

/** What a journal holds; `each` goes through it once. */
export interface JournalContents {
  each(onEntry: (entry: JournalEntry) => void): JournalExtent | undefined;
}
