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
};
