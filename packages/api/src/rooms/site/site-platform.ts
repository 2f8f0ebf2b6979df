import type { RoleFilter, RoleKind, RoleReason, RoleSource } from '@skerry/model';

/** How a process does. `silent`: it has told nothing for so long that nobody knows; `ended`: it said that it ends. */
export type RoleState = 'ready' | 'degraded' | 'silent' | 'ended';

/** A process of the site. */
export interface RoleEntry {
  readonly role: RoleKind;
  /** Host and number of the process, and host and data folder. */
  readonly name: string;
  readonly place: string;
  readonly version: string;
  readonly state: RoleState;
  /** What it said last that keeps it from a part of its work. */
  readonly reasons: readonly RoleReason[];
  /** Since when it is in this state, when it was started, and when it told last; microseconds since 1970. */
  readonly sinceMicros: number;
  readonly startedMicros: number;
  readonly toldMicros: number;
  /** Age of what it told last. */
  readonly toldMs: number;
  readonly slot: { readonly group: string; readonly number: number; readonly epoch: number } | undefined;
  /** Records that it has taken in and that have not gone on; undefined for one that takes nothing in. */
  readonly buffer: { readonly records: number; readonly seconds: number } | undefined;
  /** Names of the external brokers that it subscribes to. */
  readonly sources: readonly string[];
  /** Names of the partitions that it owns, `topic/partition`. */
  readonly partitions: readonly string[];
}

/** A partition between those who take in and those who store, as it stands now. */
export interface PartitionEntry {
  readonly topic: string;
  readonly partition: number;
  /** Name of the process that writes it, and how that process does; undefined while nobody does. */
  readonly owner: { readonly name: string; readonly state: RoleState } | undefined;
  /** Name of who wrote it last, where nobody does; undefined where nobody ever did. */
  readonly lastOwner: string | undefined;
  /** Offset behind the last record that is committed; undefined before the first. */
  readonly position: number | undefined;
  /** Offset behind the last record; undefined while that cannot be asked. */
  readonly end: number | undefined;
  readonly lagRecords: number | undefined;
  /** Age of the oldest record that waits; 0 where none does, undefined while it is not known. */
  readonly lagSeconds: number | undefined;
  /** When retention removes the oldest record that waits; undefined where none waits, nothing is ever removed, or it is not known. */
  readonly retentionAtMicros: number | undefined;
  /** What keeps it from being written. */
  readonly reasons: readonly RoleReason[];
}

/** A store of points: the primary one, or one that is fed beside it. */
export interface SinkEntry {
  readonly name: string;
  readonly kind: string;
  readonly isPrimary: boolean;
  /** `trouble`: it cannot go on; `unknown`: no process that lives feeds it. */
  readonly state: 'good' | 'behind' | 'trouble' | 'unknown';
  /** Seals that it has and seals that are committed, over all partitions. */
  readonly position: number;
  readonly committed: number;
  /** Points that it took, points that it will never take, and seals that were gone before it had them. */
  readonly points: number;
  readonly refused: number;
  readonly missed: number;
  /** Age of the oldest committed seal that it does not have. */
  readonly lagSeconds: number;
  /** When retention removes that seal; undefined where it has all, nothing is ever removed, or it is not known. */
  readonly retentionAtMicros: number | undefined;
  /** What keeps it from going on, else what it said to the newest point that it refused. */
  readonly lastError:
    | { readonly code: string; readonly detail: string; readonly atMicros: number | undefined }
    | undefined;
}

/** An external broker with the processes that are configured to subscribe to it. */
export interface SourceEntry {
  readonly name: string;
  readonly url: string;
  readonly share: string;
  /** `degraded`: somebody has trouble with it; `silent`: of those who subscribe nobody tells anything; `unheld`: nobody subscribes. */
  readonly state: 'good' | 'degraded' | 'silent' | 'unheld';
  readonly gateways: readonly SourceGateway[];
}

/** How one process does at an external broker. */
export interface SourceGateway extends Omit<RoleSource, 'name' | 'url' | 'share' | 'filters'> {
  readonly name: string;
  readonly state: RoleState;
  readonly filters: readonly RoleFilter[];
}

/** The processes of a site and what lies between them. */
export interface SitePlatform {
  /** The process that answers first, then by role and place. */
  roles(): Promise<{ readonly items: readonly RoleEntry[]; readonly silentAfterMs: number }>;
  /** By topic and number. `trouble`: why ends and positions are not all known. */
  partitions(): Promise<{
    readonly items: readonly PartitionEntry[];
    readonly trouble: RoleReason | undefined;
  }>;
  /** The primary store first. */
  sinks(): Promise<readonly SinkEntry[]>;
  sources(): Promise<readonly SourceEntry[]>;
}
