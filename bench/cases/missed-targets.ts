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
  'gateway-batches': {
    'cpuSecsPerMillion <= 3.2 CPU-s/M':
      'Three things share it: the client’s side of MQTT, the journal with its fdatasync on a thread of its own, and records for Kafka with their headers and checksum. No part of it stands out in a profile any more.',
  },
  'roles-memory': {
    'gatewayRssMb <= 130 MB':
      'About 60 MB of it are the engine and the compiled code, which files back; two threads have a heap each, and the Kafka client is loaded whole. Without PostgreSQL, for leases and what is told of the site, it keeps within (gateway-rss).',
    'writerRssMb <= 130 MB':
      'Nearly all of it is its own: six partitions have a pipeline, a fetch that is ahead and a seal being copied each, and the heap is not collected before it has grown.',
  },
};
