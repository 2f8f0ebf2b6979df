import { PacketCursor } from '../packet-cursor.ts';
import type { Qos } from '../packets/packet-type.ts';
import type { ReceivedMessage } from './subscriber-options.ts';

/** The message that a cursor points at; one object for all. */
export class MessageView implements ReceivedMessage {
  number = 0;
  cursor = new PacketCursor();
  oversizeBytes = 0;

  /** Points at the next message. */
  show(number: number, cursor: PacketCursor, oversizeBytes: number): void {
    this.number = number;
    this.cursor = cursor;
    this.oversizeBytes = oversizeBytes;
  }

  get topic(): Uint8Array {
    return this.cursor.topic();
  }

  get payload(): Uint8Array {
    return this.cursor.payload();
  }

  get qos(): Qos {
    return this.cursor.qos;
  }

  get isRetained(): boolean {
    return this.cursor.isRetain;
  }

  get isDuplicate(): boolean {
    return this.cursor.isDup;
  }
}
