/** Why targets are missed, by case and by the words of the target. */
export type Reasons = Readonly<Record<string, Readonly<Record<string, string>>>>;

/**
 * The reasons that docs/PERFORMANCE.md gives for the targets that were missed when they were last measured; an empty one is
 * still to be written. A target that is met is not looked up here.
 */
export const MISSED_TARGETS: Reasons = {
  'puback-5000x4': {
    'cpuSecsPerMillion <= 5 CPU-s/M':
      'A window of four lets a read carry four messages and a write four acknowledgements; about half of the time is the kernel’s read, write and epoll for them. Reading into one buffer that connections share would save a part and needs what Node does not offer to accepted sockets.',
  },
  'postgres-write': {
    'perSec >= 0.9 times pg-copy-streams-in-order':
      'A seal takes some 5 ms more of 45 than a COPY of the same rows in the same order: its statement with position, fence, accounts and 16 bytes of dedupe entries for each record, and the state in memory behind it. Folds write these entries once more, beside the seals, on the same two cores. Rounds lie between 0.84 and 0.92.',
  },
};
