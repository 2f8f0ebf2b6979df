/** One file of an archive. */
export interface TarEntry {
  /** Path with slashes, at most 100 bytes. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

const BLOCK = 512;

/** An archive in the format ustar (POSIX.1-1988): files with mode 0600, of the given time (seconds since 1970). */
export function tarOf(entries: readonly TarEntry[], timeSecs: number): Uint8Array {
  const parts = entries.flatMap(({ name, bytes }) => [
    header(name, bytes.byteLength, timeSecs),
    bytes,
    new Uint8Array((BLOCK - (bytes.byteLength % BLOCK)) % BLOCK),
  ]);
  return Buffer.concat([...parts, new Uint8Array(2 * BLOCK)]);
}

/** Fields of a header: offset and length in bytes. */
const NAME_BYTES = 100;

function header(name: string, size: number, timeSecs: number): Uint8Array {
  const block = Buffer.alloc(BLOCK);
  if (Buffer.byteLength(name) > NAME_BYTES) throw new RangeError(`the name ${name} is longer than 100 bytes`);
  block.write(name, 0);
  block.write(octal(0o600, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(timeSecs, 11), 136);
  block.fill(' ', 148, 156); // the checksum counts itself as blanks
  block.write('0', 156);
  block.write('ustar\x0000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}
