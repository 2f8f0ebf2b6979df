import type { Writable } from 'node:stream';

/** One flag of a verb. The name is without dashes. */
export interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly type: 'text' | 'number' | 'switch';
  readonly what: string;
  /** Placeholder of the value in the help. */
  readonly value?: string;
  readonly choices?: readonly string[];
  readonly isRequired?: boolean;
  /** A switch that is on unless `--no-…` turns it off. */
  readonly isOnByDefault?: boolean;
}

/** One positional argument of a verb. */
export interface Positional {
  readonly name: string;
  readonly what: string;
  readonly isRequired: boolean;
  /** The words that it may be. */
  readonly choices?: readonly string[];
  /** Takes everything that follows. */
  readonly isRest?: boolean;
}

/** What a running verb gets. */
export interface VerbContext {
  /** Values by flag name; only those given, and checked for type and choice. */
  readonly flags: Readonly<Record<string, string | number | boolean | undefined>>;
  readonly positionals: readonly string[];
  /** Data. */
  readonly stdout: Writable;
  /** Messages, progress. */
  readonly stderr: Writable;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** One command of `skerry`: the source of parsing, help and documentation. */
export interface Verb {
  /** `['telemetry', 'query']` for `skerry telemetry query`. */
  readonly path: readonly string[];
  readonly summary: string;
  readonly positionals: readonly Positional[];
  readonly flags: readonly Flag[];
  /** Two or three lines a person would type. */
  readonly examples: readonly string[];
  /** Resolves with the exit code. */
  run(context: VerbContext): Promise<number>;
}

/** Flags that every verb that talks to a running instance has. */
export const INSTANCE_FLAGS: readonly Flag[] = [
  { name: 'data-dir', type: 'text', value: 'FOLDER', what: 'Data folder of the instance.' },
  { name: 'config', type: 'text', value: 'FILE', what: 'Configuration file of the instance.' },
  {
    name: 'context',
    type: 'text',
    value: 'NAME',
    what: 'Instance of skerry context list, in place of a data folder.',
  },
];

/** The output flag of verbs that print rows. */
export const OUTPUT_FLAG: Flag = {
  name: 'output',
  short: 'o',
  type: 'text',
  value: 'FORMAT',
  choices: ['table', 'wide', 'json', 'ndjson', 'yaml'],
  what: 'Shape of the output.',
};

/** Flags that may stand before the verb too, for the verbs that have them. */
export const GLOBAL_FLAGS: readonly Flag[] = [...INSTANCE_FLAGS, OUTPUT_FLAG];
