import type { Purpose } from './altered-disk.ts';
import type { Focus } from './weather.ts';

/** A call of the disk that is left out wherever it would be made for a purpose. */
interface LeftOutCall {
  readonly call: Purpose;
}

/** A change of a module's text: `from` stands there exactly once. */
interface Patch {
  /** Below `packages/`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** One sync, folder sync or ordering of the journal that is taken away. */
export interface Removal {
  readonly name: string;
  /** What is done without it. */
  readonly without: string;
  readonly change: LeftOutCall | Patch;
  /** What the runs are about; `all` when absent. */
  readonly focus?: Focus;
  /** Seeds that failed without it when they were last looked for; tried first. */
  readonly seeds: readonly number[];
}

const LOG = 'journal/src/segment/segment-log.ts';
const RECOVERY = 'journal/src/segment/recovery.ts';
const WHOLE_FILE = 'journal/src/segment/whole-file.ts';
const QUEUE = 'journal/src/append-queue.ts';
const JOURNAL = 'journal/src/segment/segment-journal.ts';
const APPENDER = 'journal/src/record-appender.ts';
const THREAD = 'journal/src/journal-thread.ts';
const PIPELINE = 'pipeline/src/running-pipeline.ts';

/** Every sync, folder sync and ordering of the journal; without any one of them some seed fails. */
export const REMOVALS: readonly Removal[] = [
  {
    name: 'commit-sync',
    without: 'a group is acknowledged without the sync of the segment',
    change: { call: 'commit sync' },
    seeds: [1],
  },
  {
    name: 'commit-sync-late',
    without: 'the segment is synced before the group is written, not after',
    change: {
      file: LOG,
      from: `    if (!this.#write(placed)) return undefined;
    failpoint('journal-after-write');
    const begun = clock.monotonicMs();
    this.#file.sync();`,
      to: `    const begun = clock.monotonicMs();
    this.#file.sync();
    if (!this.#write(placed)) return undefined;
    failpoint('journal-after-write');`,
    },
    seeds: [1],
  },
  {
    name: 'roll-header-sync',
    without: 'a new segment takes batches before its header is synced',
    change: { call: 'roll header sync' },
    focus: 'rolls',
    seeds: [18],
  },
  {
    name: 'roll-folder-sync',
    without: 'a new segment takes batches before its name is synced',
    change: { call: 'folder after roll' },
    focus: 'rolls',
    seeds: [1],
  },
  {
    name: 'undo-truncate',
    without: 'what a full disk took of a group stays at the end of the segment',
    change: { call: 'undo truncate' },
    focus: 'room',
    seeds: [184],
  },
  {
    name: 'undo-sync',
    without: 'what was cut off after a short write is not synced',
    change: { call: 'undo sync' },
    focus: 'age',
    seeds: [35],
  },
  {
    name: 'recovery-rewrite',
    without: 'recovery serves what it can read and makes nothing durable',
    change: { file: RECOVERY, from: '  rewrite(head, file.handle, place.at, needs, buffer);', to: '' },
    seeds: [4],
  },
  {
    name: 'recovery-copy',
    without: 'recovery syncs the newest segment and writes no copy of it, as if a sync could be tried again',
    change: {
      file: RECOVERY,
      from: '  rewrite(head, file.handle, place.at, needs, buffer);',
      to: `  {
    using again = opened(needs.disk, path, 'write');
    again.handle.truncate(place.at);
    again.handle.sync();
  }`,
    },
    seeds: [22],
  },
  {
    name: 'recovery-copy-sync',
    without: 'the copy of the newest segment takes its name without having been synced',
    change: { call: 'copy sync' },
    seeds: [4],
  },
  {
    name: 'recovery-folder-sync',
    without: 'the journal goes on in the copy before its name is synced',
    change: { call: 'folder after copy' },
    seeds: [1],
  },
  {
    name: 'recovery-write-over',
    without: 'without room for a copy, the bytes are not written over themselves before the sync',
    change: {
      file: RECOVERY,
      from: `    file.handle.truncate(length);
    copyTo(file.handle);`,
      to: '    file.handle.truncate(length);',
    },
    focus: 'room',
    seeds: [24],
  },
  {
    name: 'recovery-write-over-truncate',
    without: 'without room for a copy, the torn end is not cut off',
    change: { call: 'write-over truncate' },
    focus: 'room',
    seeds: [130],
  },
  {
    name: 'recovery-write-over-sync',
    without: 'without room for a copy, the segment is written over and not synced',
    change: { call: 'write-over sync' },
    focus: 'room',
    seeds: [4],
  },
  {
    name: 'recovery-write-over-folder-sync',
    without: 'without room for a copy, the name of the segment is not synced',
    change: { call: 'folder after write-over' },
    focus: 'room',
    seeds: [174],
  },
  {
    name: 'rename-after-sync',
    without: 'a file takes its name before it is synced',
    change: {
      file: WHOLE_FILE,
      from: `    write(file.handle);
    file.handle.sync();`,
      to: `    write(file.handle);
    disk.rename(unfinished, path);
    file.handle.sync();
    disk.syncFolder(folder);
    return;`,
    },
    seeds: [4],
  },
  {
    name: 'rename-folder-sync-after',
    without: 'the folder is synced before a file takes its name, not after',
    change: {
      file: WHOLE_FILE,
      from: `  disk.rename(unfinished, path);
  disk.syncFolder(folder);`,
      to: `  disk.syncFolder(folder);
  disk.rename(unfinished, path);`,
    },
    seeds: [14],
  },
  {
    name: 'journal-folder-sync',
    without: "the journal's folder is not synced in its parent",
    change: { call: 'folder of the journal' },
    focus: 'birth',
    seeds: [5],
  },
  {
    name: 'id-sync',
    without: "the journal's id takes its name without having been synced",
    change: { call: 'id sync' },
    focus: 'birth',
    seeds: [3],
  },
  {
    name: 'id-folder-sync',
    without: "the first segment is made before the name of the journal's id is synced",
    change: { call: 'folder after id' },
    focus: 'birth',
    seeds: [387],
  },
  {
    name: 'consumers-sync',
    without: "the consumers' positions take their name without having been synced",
    change: { call: 'consumers sync' },
    seeds: [1],
  },
  {
    name: 'consumers-folder-sync',
    without: "segments are removed before the name of the consumers' positions is synced",
    change: { call: 'folder after consumers' },
    focus: 'rolls',
    seeds: [49],
  },
  {
    name: 'consumers-before-trim',
    without: "segments are removed before the consumers' positions are durable",
    change: {
      file: JOURNAL,
      from: `      this.#saveConsumers();
      if (!this.#isConsumersSaved) return;`,
      to: '',
    },
    focus: 'rolls',
    seeds: [1],
  },
  {
    name: 'trim-floor',
    without: 'segments are removed although a mandatory consumer is not done with them',
    change: { file: JOURNAL, from: 'next.firstOffset > this.#consumers.floor || ', to: '' },
    focus: 'rolls',
    seeds: [1],
  },
  {
    name: 'trim-folder-sync',
    without: 'the folder is not synced between the removals of two segments',
    change: { call: 'folder after trim' },
    seeds: [194],
  },
  {
    name: 'commit-before',
    without: 'a batch does not say which batches the same write brought before it',
    change: { file: LOG, from: 'commitBefore: offset - start,', to: 'commitBefore: 0,' },
    focus: 'groups',
    seeds: [251],
  },
  {
    name: 'refused-keep-their-place',
    without: 'batches that were refused are offered again behind those that came later',
    change: {
      file: APPENDER,
      from: '[...this.#flights.map((one) => one.batch), ...this.#waiting]',
      to: '[...this.#waiting, ...this.#flights.map((one) => one.batch)]',
    },
    focus: 'room',
    seeds: [3],
  },
  {
    name: 'late-appends-refused',
    without: 'an append that was sent before a refusal was known may overtake the refused one',
    change: { file: THREAD, from: 'one.epoch < this.#epoch)', to: 'one.epoch < 0)' },
    focus: 'room',
    seeds: [3],
  },
  {
    name: 'appends-behind-a-refusal',
    without: 'an append that was made before its caller could know of a refusal is taken',
    change: { file: QUEUE, from: 'const HOPS = 16;', to: 'const HOPS = 0;' },
    focus: 'room',
    seeds: [2],
  },
  {
    name: 'journal-folder-sync-again',
    without: 'a folder that exists is taken to be durable, whoever made it',
    change: { file: WHOLE_FILE, from: "  if (existing !== '') syncExisting(disk, existing);\n", to: '' },
    focus: 'birth',
    seeds: [255],
  },
  {
    name: 'position-after-seal',
    without: "the consumer's position moves on before the seal is committed",
    change: {
      file: PIPELINE,
      from: '    const isDurable = await commitSeal(',
      to: `    this.committedPosition = seal.position;
    this.#commitPosition();
    const isDurable = await commitSeal(`,
    },
    seeds: [38],
  },
];

/** Calls of which no seed and no reason shows a need; the journal makes them all the same. */
export const SPARE: readonly { readonly name: string; readonly without: string; readonly why: string }[] = [
  {
    name: 'unborn-folder-sync',
    without: 'the folder is not synced after a segment without a header was removed',
    why: 'the copy of the newest segment, which follows in the same start, syncs the same folder',
  },
];
