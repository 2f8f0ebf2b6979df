import type { PacketCursor } from '../packet-cursor.ts';
import { encodeUtf8 } from '../utf8.ts';

/** Reads the count of dropped messages that mosquitto publishes; it begins at 0 when the broker does. */
export class DropWatch {
  readonly topic = '$SYS/broker/publish/messages/dropped';
  readonly #bytes = encodeUtf8(this.topic);
  #last: number | undefined;

  /** The count as of the last word; undefined before the first. */
  get last(): number | undefined {
    return this.#last;
  }

  /** Whether a PUBLISH is one of these. */
  isOwn({ bytes, topicStart, topicEnd }: PacketCursor): boolean {
    if (topicEnd - topicStart !== this.#bytes.byteLength) return false;
    return this.#bytes.every((byte, index) => bytes[topicStart + index] === byte);
  }

  /** How many were dropped since the last word; 0 at the first, which counts what was before. */
  grown(payload: Uint8Array): number {
    const now = Number(new TextDecoder().decode(payload));
    if (!Number.isSafeInteger(now) || now < 0) return 0;
    const last = this.#last;
    this.#last = now;
    if (last === undefined) return 0;
    return now >= last ? now - last : now;
  }
}
