import { crc32 } from 'node:zlib';
import { type Disk, type DiskFile, KernelError } from '@skerry/kernel';
import { MqttError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import { qosOf } from '../packets/packet-type.ts';
import {
  type KeptChange,
  type KeptSession,
  SessionFacts,
  type SubscriberSessionStore,
} from './session-store.ts';

/** How a session file is opened. */
export interface SessionFileOptions {
  /** The file; its folder exists or is made. */
  readonly path: string;
  /** Whose session it is. A file of another client or broker is begun anew. */
  readonly clientId: string;
  readonly broker: string;
  /** What arbitrates who has the client id, where something does; absent, nobody else ever has it. */
  readonly lease?: SessionLease;
}

/** A lease of a client id. Its epoch grows by one each time that it is claimed, by whomever. */
export interface SessionLease {
  readonly epoch: number;
  /** Whether somebody has held it before and has left a session behind; false: there was none, or it was ended. */
  readonly isTakenOver: boolean;
}

const FORMAT = 'skerry-subscriber-session';
const VERSION = 1;

/**
 * A session in a file, over the `Disk` port, whose calls do not return before the disk has written: a change of QoS 2 costs
 * the thread one sync for all that came together.
 *
 * ```
 * file = header line *
 * header = line of { "format", "version": 1, "client", "broker", "epoch" }
 * line = JSON TAB CRC-32 of the JSON in 8 hexadecimal digits LF
 * ```
 *
 * Each further line is one `KeptChange`. What follows the last whole line is torn and is cut off. Past
 * `LIMITS.sessionFileBytesMax` the file is written anew beside itself, synced and renamed.
 */
export class SessionFile implements SubscriberSessionStore {
  readonly #disk: Disk;
  readonly #options: SessionFileOptions;
  readonly #facts = new SessionFacts();
  #file: DiskFile | undefined;
  #at = 0;
  /** Of the lease under which the file was written; undefined without one. */
  #epoch: number | undefined;

  constructor(options: SessionFileOptions, disk: Disk) {
    this.#options = options;
    this.#disk = disk;
  }

  async load(): Promise<KeptSession> {
    makeDurableFolder(this.#disk, folderOf(this.#options.path));
    if (this.#disk.stat(this.#options.path)) this.#read();
    this.#judgeLease();
    this.#rewrite(); // so that what is gone on from is whole and synced
    return this.#facts;
  }

  async write(changes: readonly KeptChange[]): Promise<void> {
    for (const change of changes) this.#facts.apply(change);
    const bytes = encoder.encode(changes.map(lineOf).join(''));
    const file = this.#file;
    if (!file || this.#at + bytes.byteLength > LIMITS.sessionFileBytesMax.value) {
      this.#rewrite();
      return;
    }
    this.#put(file, bytes, this.#at);
    file.sync();
    this.#at += bytes.byteLength;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#file?.close();
    this.#file = undefined;
  }

  #read(): void {
    const file = this.#disk.open(this.#options.path, 'read');
    const bytes = new Uint8Array(file.size());
    for (let at = 0; at < bytes.byteLength; ) {
      const count = file.read(bytes.subarray(at), at);
      if (count === 0) break;
      at += count;
    }
    file.close();
    const [header, ...changes] = wholeLines(new TextDecoder().decode(bytes));
    if (header === undefined) return; // torn at its creation: nothing was promised yet
    if (!this.#isOwn(header)) return;
    for (const change of changes) this.#facts.apply(changeOf(change, this.#options.path));
  }

  /** Whether what was read is what is there depends on who has held the client id since. */
  #judgeLease(): void {
    const { lease } = this.#options;
    if (!lease) return;
    const { epoch, isTakenOver } = lease;
    const isFirst = epoch === 1; // whoever keeps the leases may have been made anew
    if (!isTakenOver && !isFirst) this.#facts.apply({ kind: 'ended' });
    if (isTakenOver && this.#epoch !== epoch - 1) this.#facts.apply({ kind: 'inherited' });
    this.#epoch = epoch;
  }

  #isOwn(header: unknown): boolean {
    const { format, version, client, broker, epoch } = Object(header) as Record<string, unknown>; // JSON of whoever wrote it
    if (format !== FORMAT || version !== VERSION)
      throw invalid(
        this.#options.path,
        `it is ${JSON.stringify(format)} version ${String(version)}, ${FORMAT} version ${VERSION} is wanted`,
      );
    const isOwn = client === this.#options.clientId && broker === this.#options.broker;
    if (isOwn && typeof epoch === 'number') this.#epoch = epoch;
    return isOwn;
  }

  #rewrite(): void {
    const { path, clientId: client, broker } = this.#options;
    const fresh = `${path}.new`;
    this.#file?.close();
    this.#file = undefined;
    if (this.#disk.stat(fresh)) this.#disk.remove(fresh);
    const file = this.#disk.open(fresh, 'create');
    // without a lease there is no epoch, and JSON leaves it out
    const header = lineOf({ format: FORMAT, version: VERSION, client, broker, epoch: this.#epoch });
    const bytes = encoder.encode(header + changesOf(this.#facts).map(lineOf).join(''));
    this.#put(file, bytes, 0);
    file.sync();
    this.#disk.rename(fresh, path);
    this.#disk.syncFolder(folderOf(path));
    this.#file = file;
    this.#at = bytes.byteLength;
  }

  /** A disk that is nearly full takes a part, and refuses the rest with the fault that is told. */
  #put(file: DiskFile, bytes: Uint8Array, position: number): void {
    for (let at = 0; at < bytes.byteLength; ) at += file.write(bytes.subarray(at), position + at);
  }
}

/** Makes a folder and those above it, with names that outlive a power cut. */
function makeDurableFolder(disk: Disk, folder: string): void {
  const above = folderOf(folder);
  if (above !== folder && !disk.stat(above)) makeDurableFolder(disk, above);
  const isNew = !disk.stat(folder);
  disk.makeFolder(folder);
  try {
    disk.syncFolder(above);
  } catch (error) {
    // a folder that this user may not even read is not one that this program made something in
    if (isNew || !(error instanceof KernelError) || error.code !== 'disk-denied') throw error;
  }
}

function folderOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash < 0) return '.';
  return slash === 0 ? '/' : path.slice(0, slash);
}

const encoder = new TextEncoder();

function lineOf(value: unknown): string {
  const json = JSON.stringify(value);
  return `${json}\t${checksum(json)}\n`;
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(8, '0');
}

/** The values of the lines before the first that is not whole. */
function wholeLines(text: string): unknown[] {
  const values: unknown[] = [];
  for (const line of text.split('\n').slice(0, -1)) {
    const [json = '', sum = ''] = line.split('\t');
    if (checksum(json) !== sum) break;
    values.push(JSON.parse(json));
  }
  return values;
}

function changesOf(facts: SessionFacts): KeptChange[] {
  const asked: KeptChange[] = facts.isSure ? [] : [{ kind: 'asked' }];
  if (facts.isInherited) return [{ kind: 'inherited' }];
  if (!facts.hasBegun) return asked;
  return [
    { kind: 'begun' },
    ...facts.packetIds.map((packetId) => ({ kind: 'kept', packetId }) as const),
    ...[...facts.filters].map(([filter, qos]) => ({ kind: 'subscribed', filter, qos }) as const),
    ...asked,
  ];
}

function changeOf(value: unknown, path: string): KeptChange {
  const { kind, packetId, filter, qos } = Object(value) as Record<string, unknown>; // JSON with a right checksum
  if (kind === 'begun' || kind === 'ended' || kind === 'inherited') return { kind };
  if (kind === 'asked' || kind === 'resumed') return { kind };
  if ((kind === 'kept' || kind === 'released') && typeof packetId === 'number') return { kind, packetId };
  if (kind === 'subscribed' && typeof filter === 'string') return { kind, filter, qos: qosOf(Number(qos)) };
  if (kind === 'unsubscribed' && typeof filter === 'string') return { kind, filter };
  throw invalid(
    path,
    `it has a change ${JSON.stringify(value).slice(0, 100)}, which this version does not know`,
  );
}

function invalid(path: string, why: string): MqttError {
  return new MqttError('session-file-invalid', `Reading the session file ${path} failed: ${why}.`, { path });
}
