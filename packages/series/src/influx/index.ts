export { InfluxApi, type InfluxPlace, type InfluxTable, type WriteAnswer } from './influx-api.ts';
export {
  type InfluxLatest,
  type InfluxPointsQuery,
  type InfluxReadings,
  type InfluxReadingsNeeds,
  openInfluxReadings,
} from './influx-readings.ts';
export { type InfluxSinkNeeds, type InfluxSinkOptions, openInfluxSink } from './influx-sink.ts';
export { type LineNaming, type PointLines, pointLines } from './line-writer.ts';
export { orderNanos, pointNanos, readNanos } from './point-time.ts';
export { prepareDatabase, type WantedDatabase } from './retention.ts';
