/** How a value is kept. `integer` is only used beyond ±2^53, where a double would not be exact. */
export type ValueType = 'number' | 'integer' | 'boolean' | 'text';

/** A value of a point: a finite double, an exact integer, a boolean or a text. */
export type PointValue = number | bigint | boolean | string;

/** Identifies a device. Ids are texts always, never numbers. */
export interface DeviceKey {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
}

/** Identifies a series. */
export interface SeriesKey extends DeviceKey {
  readonly metric: string;
}

/** A series with the small integer that stands for it inside one store. */
export interface SeriesDefinition extends SeriesKey {
  readonly id: number;
}

/** The device id of data that belongs to the project itself. */
export const PROJECT_DEVICE = '-';

/** One point, as people see it. `timeMicros` is microseconds since 1970. */
export interface Point {
  readonly timeMicros: number;
  readonly value: PointValue;
  /** Identity: the record's offset in the journal and the ordinal inside the record. */
  readonly offset: number;
  readonly ordinal: number;
}
