/**
 * A named step at which a test may end the process or fail. Names are part of the design: they are listed in
 * `docs/ARCHITECTURE.md` and every torture run visits each of them. Without an armed set it costs one comparison.
 */
export type FailpointName =
  | 'publish-read'
  | 'journal-before-write'
  | 'journal-after-write'
  | 'journal-after-sync'
  | 'puback-before-send'
  | 'puback-after-send'
  | 'segment-roll-before-sync'
  | 'segment-roll-after-sync'
  | 'pipeline-after-decode'
  | 'seal-before-commit'
  | 'seal-after-commit'
  | 'rollup-before-commit'
  | 'merge-before-commit'
  | 'trim-before-remove'
  | 'day-file-after-create';

/** Every failpoint, in the order a message meets them. */
export const FAILPOINTS: readonly FailpointName[] = [
  'publish-read',
  'journal-before-write',
  'journal-after-write',
  'journal-after-sync',
  'puback-before-send',
  'puback-after-send',
  'segment-roll-before-sync',
  'segment-roll-after-sync',
  'pipeline-after-decode',
  'seal-before-commit',
  'seal-after-commit',
  'rollup-before-commit',
  'merge-before-commit',
  'trim-before-remove',
  'day-file-after-create',
];

/** What a passage through a failpoint does; the default does nothing. */
export type FailpointHook = (name: FailpointName) => void;

/** The hook of a process without armed failpoints. */
export const noFailpoints: FailpointHook = () => undefined;
