/** Parts behind each other; `at` counts from 1, as SQL does. */
export interface JoinedBytes {
  readonly bytes: Buffer;
  readonly at: readonly number[];
  readonly lengths: readonly number[];
}

/** Makes one value of many, which `substring` takes apart in SQL: in an array each would be sent as text, twice as long. */
export function joinedBytes(parts: readonly Uint8Array[]): JoinedBytes {
  const lengths = parts.map((part) => part.byteLength);
  let next = 1;
  const at = lengths.map((length) => {
    next += length;
    return next - length;
  });
  return { bytes: Buffer.concat(parts), at, lengths };
}
