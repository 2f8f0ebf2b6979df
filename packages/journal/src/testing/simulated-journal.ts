import { createMeter, type FailpointHook, type LogEntry, loggerTo, noFailpoints } from '@skerry/kernel';
import { FakeClock, SeededRandom, SimulatedDisk, type SimulatedDiskOptions } from '@skerry/kernel/testing';
import {
  openSegmentJournal,
  type SegmentJournal,
  type SegmentJournalOptions,
} from '../segment/segment-journal.ts';

/** Where a simulated journal lies. */
export const SAMPLE_FOLDER = 'state/journal';

/** A segment journal on a simulated disk, over any number of lives. */
export class SimulatedJournal {
  readonly clock = new FakeClock();
  readonly random: SeededRandom;
  readonly meter = createMeter();
  readonly log: LogEntry[] = [];
  readonly options: Partial<SegmentJournalOptions>;
  failpoint: FailpointHook = noFailpoints;
  disk: SimulatedDisk;

  /** Segments of 4 KiB and no reserve unless given otherwise. */
  constructor(
    seed: number | string = 1,
    options: Partial<SegmentJournalOptions> = {},
    disk: SimulatedDiskOptions = {},
  ) {
    this.random = new SeededRandom(seed);
    this.options = { segmentBytes: 4096, reserveBytes: 0, ...options };
    this.disk = new SimulatedDisk({ folders: ['state'], random: this.random.fork('disk'), ...disk });
  }

  /** Opens the journal on the disk as it is. */
  open(options: Partial<SegmentJournalOptions> = {}): Promise<SegmentJournal> {
    return openSegmentJournal({ folder: SAMPLE_FOLDER, ...this.options, ...options }, this.needs);
  }

  /** The process ends; the page cache stays. */
  kill(): void {
    this.disk = this.disk.kill();
  }

  /** The power goes. */
  cutPower(): void {
    this.disk = this.disk.powerCut(this.random);
  }

  /** What a journal on the disk works with. */
  get needs() {
    const { disk, clock, random, meter } = this;
    const failpoint: FailpointHook = (name) => this.failpoint(name);
    return { disk, clock, random, meter, logger: loggerTo((entry) => this.log.push(entry)), failpoint };
  }

  /** Names in the folder. */
  names(): string[] {
    return this.disk.list(SAMPLE_FOLDER);
  }

  /** Bytes of a file of the folder. */
  bytesOf(name: string): Uint8Array<ArrayBuffer> {
    const file = this.disk.open(`${SAMPLE_FOLDER}/${name}`, 'read');
    const bytes = new Uint8Array(file.size());
    file.read(bytes, 0);
    file.close();
    return bytes;
  }

  /** Changes a file of the folder, durably. */
  overwrite(name: string, bytes: Uint8Array): void {
    const file = this.disk.open(`${SAMPLE_FOLDER}/${name}`, 'write');
    file.truncate(bytes.byteLength);
    file.write(bytes, 0);
    file.sync();
    file.close();
  }
}
