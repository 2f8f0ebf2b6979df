import { crc32c, Writer } from '@platformatic/kafka';

/** CRC-32C of bytes, as Kafka's batches have it. Wrapped in the library's own kind of buffer, since it copies every other. */
export function checksum(bytes: Uint8Array): number {
  return (
    crc32c(
      Writer.create().append(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).dynamicBuffer,
    ) >>> 0
  );
}
