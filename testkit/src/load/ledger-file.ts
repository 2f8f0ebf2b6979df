import { hash } from 'node:crypto';
import { closeSync, openSync, writeSync } from 'node:fs';
import { BLOCK_BYTES, deviceEntry, ENTRY, type LedgerDevice, ledgerHead, writeEntry } from '@skerry/verify';

const BUFFER_BYTES = 1 << 20;

/** Writes a sender's ledger (docs/formats/sender-ledger.md). What is noted is in the file after `flush`. */
export class LedgerFile implements Disposable {
  readonly #file: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #filled = 0;
  #isClosed = false;
  #micros = 0;

  /** Creates the file, which must not exist, with its devices; their places are their indices. */
  constructor(path: string, devices: readonly LedgerDevice[]) {
    this.#file = openSync(path, 'ax');
    writeSync(
      this.#file,
      Buffer.concat([ledgerHead(), ...devices.map((device, i) => deviceEntry(i, device))]),
    );
    this.tick();
  }

  /** Takes the time for what is noted from now on. */
  tick(): void {
    this.#micros = Math.floor((performance.timeOrigin + performance.now()) * 1_000);
  }

  /** A message is about to be sent for the first time. */
  sent(device: number, epoch: number, seq: number, payload: Buffer): void {
    const at = this.#entry(ENTRY.sent, device, epoch, seq, 0);
    this.#buffer.write(hash('sha256', payload, 'latin1').slice(0, 8), at + 16, 'latin1');
  }

  /** A message is about to be sent once more. */
  sentAgain(device: number, epoch: number, seq: number): void {
    this.#entry(ENTRY.sentAgain, device, epoch, seq, 0);
  }

  /** A message was answered. */
  answered(device: number, epoch: number, seq: number, reason: number): void {
    this.#entry(ENTRY.answered, device, epoch, seq, reason);
  }

  /** Writes out what was noted. */
  flush(): void {
    if (this.#filled === 0) return;
    for (let at = 0; at < this.#filled; ) at += writeSync(this.#file, this.#buffer, at, this.#filled - at);
    this.#filled = 0;
  }

  #entry(type: number, device: number, epoch: number, seq: number, reason: number): number {
    if (this.#filled + BLOCK_BYTES > BUFFER_BYTES) this.flush();
    const at = this.#filled;
    this.#buffer.fill(0, at + 16, at + 24);
    writeEntry(this.#buffer, at, { type, reason, device, epoch, seq, micros: this.#micros });
    this.#filled += BLOCK_BYTES;
    return at;
  }

  /** Disposing twice is harmless. */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.flush();
    closeSync(this.#file);
  }
}
