import { createHash } from 'node:crypto';
import {
  deviceEntry,
  deviceSeed,
  ENTRY,
  type LedgerDevice,
  ledgerHead,
  messageMark,
  writeEntry,
} from '@skerry/verify';
import { OWNER } from './model-journal.ts';

/** A message as its device remembers it. */
export interface ModelMessage {
  readonly device: number;
  readonly seq: number;
  readonly topic: string;
  readonly payload: Buffer;
  isAcked: boolean;
}

const EPOCH = 5;
const DEVICES = 3;

/** Devices that publish numbered messages in turn, and what they wrote down. */
export class ModelSender {
  readonly messages: ModelMessage[] = [];
  readonly #devices = Array.from({ length: DEVICES }, (_, i): LedgerDevice => {
    const device = `model-${i}`;
    return { ...OWNER, device, topic: `mtic/msg/client/realtime/${OWNER.tenant}/${OWNER.project}/${device}` };
  });

  /** The next messages, in the order of sending. */
  next(count: number): ModelMessage[] {
    const made = Array.from({ length: count }, (_, i) => {
      const number = this.messages.length + i;
      const device = number % DEVICES;
      const seq = Math.floor(number / DEVICES) + 1;
      const { topic, ...key } = this.#devices[device] as LedgerDevice;
      const mark = messageMark(deviceSeed(key), EPOCH, seq);
      const payload = Buffer.from(JSON.stringify({ epoch: EPOCH, seq, e: EPOCH, n: seq, h: mark }));
      return { device, seq, topic, payload, isAcked: false };
    });
    this.messages.push(...made);
    return made;
  }

  /** What has to be published again, in order. */
  unacked(): ModelMessage[] {
    return this.messages.filter(({ isAcked }) => !isAcked);
  }

  /** The ledger as docs/formats/sender-ledger.md says. */
  ledger(): Buffer {
    const parts = [ledgerHead(), ...this.#devices.map((device, i) => deviceEntry(i, device))];
    for (const { device, seq, payload, isAcked } of this.messages) {
      const entry = { device, epoch: EPOCH, seq, micros: 0, reason: 0 };
      const sent = Buffer.alloc(32);
      writeEntry(sent, 0, { ...entry, type: ENTRY.sent });
      createHash('sha256').update(payload).digest().copy(sent, 16, 0, 8);
      const answered = Buffer.alloc(32);
      writeEntry(answered, 0, { ...entry, type: ENTRY.answered });
      parts.push(sent, ...(isAcked ? [answered] : []));
    }
    return Buffer.concat(parts);
  }
}
