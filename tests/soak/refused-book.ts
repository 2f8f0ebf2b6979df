import { readLedgerFile } from '@skerry/verify';

/** Numbers of a device that something was told without. */
export interface Hole {
  readonly device: string;
  readonly from: number;
  readonly to: number;
  /** Who was told, for the sentence. */
  readonly where: string;
}

/** What a sender was refused, which nobody may expect to see. A broker under pressure refuses so by MQTT 5. */
export class RefusedBook {
  readonly #refused = new Map<string, Set<number>>();

  /** Reads a sender's ledger. Fails with `verify-unreadable` or `sender-ledger-invalid`. */
  static read(path: string): RefusedBook {
    const book = new RefusedBook();
    const names: string[] = [];
    readLedgerFile(path, {
      device: (index, { device }) => {
        names[index] = device;
      },
      sent: () => undefined,
      sentAgain: () => undefined,
      answered: (index, _epoch, seq, reason) => book.answer(String(names[index]), seq, reason >= 0x80),
    });
    return book;
  }

  /** Notes an answer; one that accepts counts whatever else was answered. */
  answer(device: string, seq: number, isRefused: boolean): void {
    const refused = this.#refused.get(device) ?? new Set<number>();
    this.#refused.set(device, refused);
    if (isRefused) refused.add(seq);
    else refused.delete(seq);
  }

  /** Messages that were refused and never accepted. */
  get count(): number {
    let sum = 0;
    for (const { size } of this.#refused.values()) sum += size;
    return sum;
  }

  /** The first number of a hole that was not refused, so that it should have been told; undefined when all were. */
  missing({ device, from, to }: Hole): number | undefined {
    const refused = this.#refused.get(device);
    for (let seq = from; seq <= to; seq++) if (!refused?.has(seq)) return seq;
    return undefined;
  }

  /** How many numbers of a range were refused. */
  countIn(device: string, from: number, to: number): number {
    let sum = 0;
    for (const seq of this.#refused.get(device) ?? []) if (seq >= from && seq <= to) sum += 1;
    return sum;
  }
}
