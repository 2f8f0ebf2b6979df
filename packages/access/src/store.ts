import type { AccessDocuments, DocumentKind } from './documents.ts';

/** One document as the store keeps it. */
export interface Item<Kind extends DocumentKind> {
  readonly kind: Kind;
  /** Unique within the kind. */
  readonly name: string;
  /** SHA-256 of the secret in hex, unique within the kind; empty where there is none. */
  readonly secret: string;
  /** When it was used last, microseconds since 1970; 0 for never. */
  readonly usedMicros: number;
  readonly document: AccessDocuments[Kind];
}

/** That a document was used. */
export interface Use {
  readonly kind: DocumentKind;
  readonly name: string;
  readonly usedMicros: number;
}

/**
 * Keeps documents by kind and name. What a call changed is durable when it resolves; each call is one transaction.
 * One writer. Faults are `AccessError`s `access-store-failed`.
 */
export interface AccessStore extends AsyncDisposable {
  find<Kind extends DocumentKind>(kind: Kind, name: string): Promise<Item<Kind> | undefined>;
  findBySecret<Kind extends DocumentKind>(kind: Kind, secret: string): Promise<Item<Kind> | undefined>;
  /** By name (order of code units), those after `after`, at most `limit`. */
  list<Kind extends DocumentKind>(
    kind: Kind,
    after: string | undefined,
    limit: number,
  ): Promise<Item<Kind>[]>;
  count(kind: DocumentKind): Promise<number>;
  /** False, and nothing is changed, when the name or the secret is taken. */
  create<Kind extends DocumentKind>(item: Item<Kind>): Promise<boolean>;
  /** Replaces document and secret of one that exists, and leaves when it was used; false when there is none. */
  replace<Kind extends DocumentKind>(item: Item<Kind>): Promise<boolean>;
  /** How many were there. */
  remove(kind: DocumentKind, names: readonly string[]): Promise<number>;
  /** Notes uses; those of documents that are gone are left out, and none goes back in time. */
  touch(uses: readonly Use[]): Promise<void>;
}
