const ROW_BYTES = 16;

/** Bytes in rows of 16: offset, hex in two groups of eight, and what is printable ASCII. */
export function hexDump(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += ROW_BYTES) {
    const row = bytes.subarray(at, at + ROW_BYTES);
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, '0'));
    const left = hex.slice(0, 8).join(' ').padEnd(23);
    const right = hex.slice(8).join(' ').padEnd(23);
    const ascii = Array.from(row, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'));
    text += `${at.toString(16).padStart(8, '0')}  ${left}  ${right}  |${ascii.join('')}|\n`;
  }
  return text;
}
