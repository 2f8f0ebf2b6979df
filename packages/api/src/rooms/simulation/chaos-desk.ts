import type { DeadLetterReason, DeviceKey } from '@skerry/model';

/** Bad inputs that a chaos run sends, by their names. */
export const CHAOS_INPUTS = [
  'invalid-utf8-text',
  'no-text',
  'empty',
  'broken-json',
  'json-and-more',
  'nan',
  'minus-infinity',
  'huge-number',
  'long-text',
  'deep-objects',
  'endless-arrays',
  'many-metrics',
  'many-objects',
  'prototype-names',
  'clock-1970',
  'clock-2099',
  'many-series',
  'topic-hash',
  'topic-plus',
  'topic-nul',
  'topic-invalid-utf8',
  'topic-many-levels',
  'topic-of-nobody',
  'payload-over-limit',
  'length-256-mib',
  'length-five-bytes',
  'second-connect',
  'cut-publish',
  'packet-type-0',
  'qos-3',
  'mqtt-3.1',
  'mqtt-level-6',
  'http',
  'tls',
  'publish-before-connect',
] as const;

/** One kind of bad input. */
export type ChaosInput = (typeof CHAOS_INPUTS)[number];

/** Versions of MQTT that an input can be of. */
export const CHAOS_LEVELS = ['3.1.1', '5'] as const;

/** What becomes of a bad input, by its kinds. */
export const CHAOS_FATES = [
  'stored',
  'dead-lettered',
  'refused',
  'closed',
  /** Acknowledged, and nobody looked up what became of it. */
  'acknowledged',
  /** Acknowledged, and nothing became of it in time. */
  'nothing',
  'no-answer',
] as const;

/** What should become, or became, of a bad input. */
export interface ChaosFate {
  readonly kind: (typeof CHAOS_FATES)[number];
  /** Of the dead letter. */
  readonly reason?: DeadLetterReason;
  /** MQTT's reason code of a refusal or of the end of a connection, where one was told. */
  readonly code?: number;
}

/** Whether a fate is the expected one; unknown where nobody looked. */
export const CHAOS_VERDICTS = ['yes', 'NOT', 'unknown'] as const;

/** What was answered to an input: inputs of one name and version that were answered alike are one row. */
export interface ChaosRow {
  readonly input: ChaosInput;
  /** Undefined where the input is the same in all versions. */
  readonly level: (typeof CHAOS_LEVELS)[number] | undefined;
  readonly inputs: number;
  readonly expected: ChaosFate;
  readonly answer: ChaosFate;
  readonly verdict: (typeof CHAOS_VERDICTS)[number];
  /** The dead letter that it became. */
  readonly letter: ChaosLetter | undefined;
}

/** A dead letter that an input became. */
export interface ChaosLetter extends DeviceKey {
  readonly offset: number;
  readonly reason: DeadLetterReason;
  readonly detail: string;
}

/** How many inputs became what, of those that were judged. */
export type ChaosCounts = Readonly<
  Record<'stored' | 'deadLettered' | 'refused' | 'closed' | 'wrong', number>
>;

/** How a chaos run stands. */
export const CHAOS_STATES = ['running', 'done', 'stopped', 'failed'] as const;

/** A chaos run: under way, or what it found. */
export interface ChaosRun {
  readonly id: string;
  readonly tenant: string;
  /** A project of the run's own. */
  readonly project: string;
  /** Who started it, as the audit log writes it. */
  readonly author: string;
  /** Microseconds since 1970. */
  readonly startedMicros: number;
  readonly state: (typeof CHAOS_STATES)[number];
  /** Inputs that were sent and judged, and all there are. */
  readonly sent: number;
  readonly inputs: number;
  readonly counts: ChaosCounts;
  readonly rows: readonly ChaosRow[];
  /** Why it failed. */
  readonly fault: string | undefined;
}

/** What the API asks of the chaos runs of a process. They end with it. */
export interface ChaosDesk {
  /** How many inputs a run sends. */
  readonly inputs: number;
  /** The newest run of each tenant, newest first. */
  list(): readonly ChaosRun[];
  /** Resolves when it is under way. Fails with `too-many-simulations` while one is, or `unavailable` where nothing is taken in. */
  start(tenant: string, author: string): ChaosRun;
  /** Ends it, and is that of an ended one, too; undefined when there is none of the id. */
  stop(id: string): Promise<ChaosRun | undefined>;
}
