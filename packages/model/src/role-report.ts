import type { MetricFamily } from '@skerry/kernel';

/** What a process of a site does; `up` is all of it on one machine. */
export type RoleKind = 'up' | 'gateway' | 'writer' | 'cloud';

/** Something that keeps a process, or a part of it, from its work: a stable code and the facts in words. */
export interface RoleReason {
  readonly code: string;
  readonly detail: string;
}

/** What a broker has said to a topic filter. */
export interface RoleFilter {
  readonly filter: string;
  /** QoS that is wanted, and what was granted; null without a grant. */
  readonly wanted: number;
  readonly granted: number | null;
  /** `lower`: granted with less than was wanted. */
  readonly state: 'not-asked' | 'asked' | 'granted' | 'lower' | 'refused';
  /** What is wrong, in words; empty where nothing is. */
  readonly why: string;
}

/** An external MQTT broker as one gateway sees it. */
export interface RoleSource {
  readonly name: string;
  readonly url: string;
  /** Group of the shared subscription; empty for none, and then one gateway at a time subscribes. */
  readonly share: string;
  /** Empty while the gateway does not subscribe. */
  readonly clientId: string;
  /** `elsewhere`: another gateway may have it. */
  readonly phase: 'elsewhere' | 'connecting' | 'connected' | 'waiting' | 'ended';
  /** What is wrong, in words. */
  readonly troubles: readonly string[];
  readonly filters: readonly RoleFilter[];
  /** Messages that are taken in and not acknowledged yet. */
  readonly unacked: number;
  /** The broker's own count of messages that it dropped; null where it tells none. */
  readonly brokerDropped: number | null;
}

/** A further store of points, as the writer of one partition feeds it. */
export interface RoleSink {
  readonly name: string;
  readonly kind: string;
  readonly trouble: RoleReason | null;
}

/** A partition that a writer owns. */
export interface RolePartition {
  readonly topic: string;
  readonly partition: number;
  /** False while it cannot be opened. */
  readonly isWritten: boolean;
  /** Records that are not done with, and the age of the oldest of them; null while it is not known. */
  readonly lagRecords: number | null;
  readonly lagSeconds: number | null;
  /** Time until retention reaches that record; null where nothing waits, or nothing is ever removed. */
  readonly retentionLeftSeconds: number | null;
  /** What keeps it from being written, its sinks apart. */
  readonly reasons: readonly RoleReason[];
  readonly sinks: readonly RoleSink[];
}

/** What a process of a site tells of itself, every few seconds. Its own clock makes its times. */
export interface RoleReport {
  readonly role: RoleKind;
  /** Host and data folder: the same after a restart. */
  readonly place: string;
  /** Host and number of the process. */
  readonly name: string;
  readonly version: string;
  readonly startedMicros: number;
  /** Since when it does all of its work, or does not. */
  readonly sinceMicros: number;
  /** What keeps it from a part of its work; empty when nothing does. */
  readonly reasons: readonly RoleReason[];
  /** The number that a gateway holds in its group. */
  readonly slot: { readonly group: string; readonly number: number; readonly epoch: number } | null;
  /** Records that were taken in and are not in Kafka yet, and the age of the oldest; null for one that takes nothing in. */
  readonly buffer: { readonly records: number; readonly seconds: number } | null;
  readonly sources: readonly RoleSource[];
  readonly partitions: readonly RolePartition[];
  /** The metrics of declared stages, which name things of tenants; absent where there are none. */
  readonly stages?: readonly MetricFamily[];
}
