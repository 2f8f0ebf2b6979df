const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** Cuts a stream of bytes into lines of UTF-8 text; lines longer than `lineBytesMax` come in pieces. */
export class LineSplitter {
  readonly #lineBytesMax: number;
  readonly #onLine: (line: string) => void;
  #held: Buffer = Buffer.alloc(0);

  constructor(lineBytesMax: number, onLine: (line: string) => void) {
    this.#lineBytesMax = lineBytesMax;
    this.#onLine = onLine;
  }

  /** Takes more bytes; they are copied where they are kept. */
  push(bytes: Uint8Array): void {
    let rest = Buffer.concat([this.#held, bytes]);
    for (;;) {
      const newline = rest.indexOf(NEWLINE);
      if (newline >= 0 && newline <= this.#lineBytesMax) {
        const end = newline > 0 && rest[newline - 1] === RETURN ? newline - 1 : newline;
        this.#onLine(rest.toString('utf8', 0, end));
        rest = rest.subarray(newline + 1);
      } else if (rest.byteLength > this.#lineBytesMax) {
        const cut = characterStart(rest, this.#lineBytesMax);
        this.#onLine(rest.toString('utf8', 0, cut));
        rest = rest.subarray(cut);
      } else break;
    }
    this.#held = rest;
  }

  /** Hands out what came after the last newline. */
  end(): void {
    if (this.#held.byteLength > 0) this.#onLine(this.#held.toString('utf8'));
    this.#held = Buffer.alloc(0);
  }
}

/** The nearest place at or before `index` (at most 3 bytes back) where a character begins. */
function characterStart(bytes: Uint8Array, index: number): number {
  for (let at = index; at > Math.max(0, index - 4); at--) {
    if ((Number(bytes[at]) & 0xc0) !== 0x80) return at;
  }
  return index;
}
