import type { DeviceKey } from '@skerry/model';
import { deviceSeed } from './message-mark.ts';
import { invalid, type LedgerDevice, readLedgerFile } from './sender-ledger.ts';

/** Bits of `Lane.flags`. */
export const FLAG = { sent: 1, acked: 2, refused: 4, again: 8 } as const;

/** The messages of one device and epoch, by their number. */
export class Lane {
  readonly device: SentDevice;
  readonly epoch: number;
  /** The greatest number that was sent. */
  last = 0;
  flags = new Uint8Array(64);
  #hash = new Uint32Array(128);
  /** How often each is in the store, and in the journal; 255 stands for more. */
  stored = new Uint8Array(64);
  journalled = new Uint8Array(64);
  /** The least offset at which each is stored; meaningless where `stored` is 0. */
  offset = new Float64Array(64);
  /** The greatest number seen so far while records are gone through in the order of the log. */
  highest = 0;

  constructor(device: SentDevice, epoch: number) {
    this.device = device;
    this.epoch = epoch;
  }

  /** Whether a message with this number was sent. */
  has(seq: number): boolean {
    return (
      seq >= 1 && seq <= this.last && Number.isInteger(seq) && (Number(this.flags[seq]) & FLAG.sent) !== 0
    );
  }

  /** Whether the two words are those of the payload's hash. */
  hasHash(seq: number, low: number, high: number): boolean {
    return this.#hash[2 * seq] === low && this.#hash[2 * seq + 1] === high;
  }

  /** The first 8 bytes of the payload's hash, as hex digits. */
  hashText(seq: number): string {
    const bytes = Buffer.alloc(8);
    bytes.writeUInt32LE(Number(this.#hash[2 * seq]), 0);
    bytes.writeUInt32LE(Number(this.#hash[2 * seq + 1]), 4);
    return bytes.toString('hex');
  }

  /** Notes a message; false when it is there already with another payload. */
  add(seq: number, low: number, high: number): boolean {
    if (this.has(seq)) return this.hasHash(seq, low, high);
    if (seq >= this.flags.length) this.#grow(seq);
    this.last = Math.max(this.last, seq);
    this.flags[seq] = Number(this.flags[seq]) | FLAG.sent;
    this.#hash[2 * seq] = low;
    this.#hash[2 * seq + 1] = high;
    return true;
  }

  #grow(seq: number): void {
    const length = Math.max(seq + 1, this.flags.length * 2);
    this.flags = grown(this.flags, new Uint8Array(length));
    this.stored = grown(this.stored, new Uint8Array(length));
    this.journalled = grown(this.journalled, new Uint8Array(length));
    this.offset = grown(this.offset, new Float64Array(length));
    this.#hash = grown(this.#hash, new Uint32Array(length * 2));
  }
}

function grown<T extends Uint8Array | Uint32Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

/** A device that sent something. */
export interface SentDevice extends DeviceKey {
  readonly topic: string;
  /** For the marks of its messages. */
  readonly seed: number;
  readonly lanes: Map<number, Lane>;
}

/** Everything that was ever sent, of any number of ledgers. */
export class SentBook {
  readonly devices: SentDevice[] = [];
  readonly #byKey = new Map<string, SentDevice>();
  readonly #byTopic = new Map<string, SentDevice>();
  readonly #projects = new Set<string>();

  /** The device of a topic. */
  ofTopic(topic: string): SentDevice | undefined {
    return this.#byTopic.get(topic);
  }

  /** A device by its key. */
  ofKey(key: DeviceKey): SentDevice | undefined {
    return this.#byKey.get(keyOf(key));
  }

  /** The device, new or known. */
  device(found: LedgerDevice): SentDevice {
    const known = this.#byKey.get(keyOf(found));
    if (known) return known;
    const device = { ...found, seed: deviceSeed(found), lanes: new Map<number, Lane>() };
    this.devices.push(device);
    this.#byKey.set(keyOf(found), device);
    this.#byTopic.set(found.topic, device);
    this.#projects.add(`${found.tenant}\0${found.project}`);
    return device;
  }

  /** Whether any device of the project sent something. */
  hasProject(tenant: string, project: string): boolean {
    return this.#projects.has(`${tenant}\0${project}`);
  }

  /** Every message by the first 8 bytes of its payload's hash, as hex digits. */
  byHash(): Map<string, { lane: Lane; seq: number }> {
    const found = new Map<string, { lane: Lane; seq: number }>();
    for (const device of this.devices) {
      for (const lane of device.lanes.values()) {
        for (let seq = 1; seq <= lane.last; seq++)
          if (lane.has(seq)) found.set(lane.hashText(seq), { lane, seq });
      }
    }
    return found;
  }

  /** Adds a ledger file. Fails with `verify-unreadable` or `sender-ledger-invalid`. */
  addFile(path: string): void {
    const devices: SentDevice[] = [];
    const laneOf = (index: number, epoch: number): Lane => {
      const device = devices[index];
      if (!device) throw invalid(path, `it names the device ${index} before its entry`);
      let lane = device.lanes.get(epoch);
      if (!lane) {
        lane = new Lane(device, epoch);
        device.lanes.set(epoch, lane);
      }
      return lane;
    };
    const mark = (lane: Lane, seq: number, bit: number): void => {
      if (!lane.has(seq))
        throw invalid(path, `${nameOf(lane, seq)} is answered or sent again before it is sent`);
      lane.flags[seq] = Number(lane.flags[seq]) | bit;
    };
    readLedgerFile(path, {
      device: (index, device) => {
        devices[index] = this.device(device);
      },
      sent: (device, epoch, seq, low, high) => {
        const lane = laneOf(device, epoch);
        if (!lane.add(seq, low, high)) throw invalid(path, `${nameOf(lane, seq)} is sent with two payloads`);
      },
      sentAgain: (device, epoch, seq) => mark(laneOf(device, epoch), seq, FLAG.again),
      answered: (device, epoch, seq, reason) =>
        mark(laneOf(device, epoch), seq, reason >= 0x80 ? FLAG.refused : FLAG.acked),
    });
  }
}

/** How a message is named in findings. */
export function nameOf(lane: Lane, seq: number): string {
  return `${lane.device.tenant}/${lane.device.project}/${lane.device.device} epoch ${lane.epoch} seq ${seq}`;
}

function keyOf({ tenant, project, device }: DeviceKey): string {
  return `${tenant}\0${project}\0${device}`;
}
