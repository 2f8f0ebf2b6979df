import { isUtf8 } from 'node:buffer';
import { DecodeFault } from '../decode-fault.ts';
import { checkLevel } from './json-text.ts';

/** Bytes behind the first one that hold a length, for the types 0xc4 to 0xc9 and 0xd9 to 0xdf. */
const LENGTH_BYTES: ReadonlyMap<number, number> = new Map([
  [0xc4, 1],
  [0xc5, 2],
  [0xc6, 4],
  [0xc7, 1],
  [0xc8, 2],
  [0xc9, 4],
  [0xd9, 1],
  [0xda, 2],
  [0xdb, 4],
  [0xdc, 2],
  [0xdd, 4],
  [0xde, 2],
  [0xdf, 4],
]);

/** Bytes that follow the first one, for the types 0xca to 0xd8 of a fixed size. */
const FIXED_BYTES = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17] as const;

/** What one item is: bytes of its head, bytes of its own behind it, items inside of it. */
interface Item {
  readonly head: number;
  readonly body: number;
  readonly items: number;
  readonly isText: boolean;
}

/**
 * Goes through MessagePack once without making anything of it, so that lengths that are not there, levels without end and
 * texts that are no UTF-8 are found before a decoder makes room for them. Fails with `DecodeFault`.
 */
export function checkMessagePack(bytes: Uint8Array): void {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** Items that are still to come, by level. */
  const open = [1];
  let at = 0;
  while (open.length > 0) {
    const left = open.pop() ?? 0;
    if (left === 0) continue;
    open.push(left - 1);
    if (at >= view.length)
      throw new DecodeFault('undecodable', `The MessagePack ends at byte ${at} inside of an item.`);
    const { head, body, items, isText } = itemAt(view, at);
    const end = at + head + body;
    if (end + items > view.length)
      throw new DecodeFault(
        'undecodable',
        `The item at byte ${at} of the MessagePack needs ${head + body + items} bytes at least; ${view.length - at} are left.`,
      );
    if (isText && !isUtf8(view.subarray(at + head, end)))
      throw new DecodeFault('undecodable', `The text at byte ${at} of the MessagePack is not UTF-8.`);
    at = end;
    if (items === 0) continue;
    open.push(items);
    checkLevel(open.length - 1);
  }
  if (at !== view.length)
    throw new DecodeFault('undecodable', `The MessagePack ends at byte ${at} of ${view.length}.`);
}

function itemAt(view: Buffer, at: number): Item {
  const first = Number(view[at]);
  if (first < 0x80 || first >= 0xe0) return item(1);
  if (first < 0x90) return item(1, 0, 2 * (first & 15));
  if (first < 0xa0) return item(1, 0, first & 15);
  if (first < 0xc0) return { ...item(1, first & 31), isText: true };
  if (first === 0xc1)
    throw new DecodeFault('undecodable', `Byte ${at} of the MessagePack is 0xc1, which is never used.`);
  if (first < 0xc4) return item(1);
  const width = LENGTH_BYTES.get(first);
  if (width === undefined) return item(1, FIXED_BYTES[first - 0xca]);
  if (at + 1 + width > view.length) return item(1 + width);
  const length = view.readUIntBE(at + 1, width);
  if (first >= 0xde) return item(1 + width, 0, 2 * length);
  if (first >= 0xdc) return item(1 + width, 0, length);
  if (first >= 0xd9) return { ...item(1 + width, length), isText: true };
  // an extension has its type before its bytes
  return item(1 + width, first >= 0xc7 ? length + 1 : length);
}

function item(head: number, body = 0, items = 0): Item {
  return { head, body, items, isText: false };
}
