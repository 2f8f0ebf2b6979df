import type { PointValue, ValueType } from '@skerry/model';

/** How a value's type is written in `HeadColumns.type` and in chunks; on disk, never changes meaning. */
export const TYPE_CODE = { number: 0, integer: 1, boolean: 2, text: 3 } as const satisfies Record<
  ValueType,
  number
>;

/**
 * Points in order of arrival as columns over shared memory, so that the pipeline writes while the store and live feeds
 * read. Row i is valid when i < the count the reader was given. Never resized.
 */
export interface HeadColumns {
  readonly series: Int32Array<SharedArrayBuffer>;
  /** Event time, microseconds since 1970. */
  readonly time: Float64Array<SharedArrayBuffer>;
  /** The double; 0 or 1 for a boolean; for text and integer the place in `text`: start * 2^20 + length (length < 2^20). */
  readonly value: Float64Array<SharedArrayBuffer>;
  readonly type: Uint8Array<SharedArrayBuffer>;
  /** Offset of the record in the journal. Not decreasing, except for rows of a replayed dead letter, which carry the original offset. */
  readonly offset: Float64Array<SharedArrayBuffer>;
  /** Ordinal of the point inside its record. */
  readonly ordinal: Uint16Array<SharedArrayBuffer>;
  /** UTF-8 of texts, decimal digits of integers. */
  readonly text: Uint8Array<SharedArrayBuffer>;
}

/** A head's rows that will be, or are being, sealed under one number. Plain data: crosses threads by reference to its memory. */
export interface HeadView {
  readonly sealNumber: number;
  readonly rows: number;
  readonly columns: HeadColumns;
}

/** The head that is being filled. One writer. */
export interface Head {
  readonly columns: HeadColumns;
  readonly rows: number;
  readonly rowsMax: number;
  readonly textBytes: number;
  /** False when `points` more rows with `textBytes` more text bytes do not fit: seal first. */
  hasRoom(points: number, textBytes: number): boolean;
  /** Appends one row. The caller asked `hasRoom` first. Text longer than 2^20-1 bytes is refused by the decoder before. */
  append(series: number, timeMicros: number, value: PointValue, offset: number, ordinal: number): void;
  /** Appends the numbers [start, end) of one record and time, whose ordinals are their indexes; `series` and `values` by the same index. */
  appendNumbers(
    series: Int32Array,
    values: Float64Array,
    start: number,
    end: number,
    timeMicros: number,
    offset: number,
  ): void;
  /** Forgets all rows; only after the store said that they are sealed. */
  clear(): void;
}
