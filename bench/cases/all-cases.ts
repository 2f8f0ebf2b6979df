import type { BenchCase } from '../frame/case.ts';
import { BYTES_PER_POINT } from './bytes-per-point.ts';
import { CATCH_UP } from './catch-up.ts';
import { CODEC } from './codec.ts';
import { CONSOLE_FIRST_PAINT } from './console-first-paint.ts';
import { DEPENDENCIES } from './dependencies.ts';
import { DEVICE_LIST } from './device-list.ts';
import { EXPORT } from './export.ts';
import { GATEWAY_CASES } from './gateway.ts';
import { INFLUX_WRITE } from './influx-write.ts';
import { LATEST_CACHE } from './latest-cache.ts';
import { POSTGRES_WRITE } from './postgres-write.ts';
import { PUBACK_CASES } from './puback.ts';
import { PUBACK_LATENCY } from './puback-latency.ts';
import { RANGE_3_DAYS } from './range-3days.ts';
import { ROLES_CATCH_UP } from './roles-catch-up.ts';
import { ROLES_MEMORY } from './roles-memory.ts';
import { ROLES_VISIBLE } from './roles-visible.ts';
import { ROLES_WRITER } from './roles-writer.ts';
import { RSS } from './rss.ts';
import { STAGES } from './stages.ts';
import { START_UP } from './start-up.ts';
import { STORED_CASES } from './stored.ts';
import { SUBSCRIBE } from './subscribe.ts';
import { VISIBLE_SSE } from './visible-sse.ts';

/** Every case, in the order of the page. */
export const CASES: readonly BenchCase[] = [
  ...PUBACK_CASES,
  PUBACK_LATENCY,
  CODEC,
  SUBSCRIBE,
  ...STORED_CASES,
  POSTGRES_WRITE,
  INFLUX_WRITE,
  ROLES_WRITER,
  ROLES_VISIBLE,
  ROLES_CATCH_UP,
  ROLES_MEMORY,
  BYTES_PER_POINT,
  STAGES,
  VISIBLE_SSE,
  CATCH_UP,
  RANGE_3_DAYS,
  EXPORT,
  DEVICE_LIST,
  LATEST_CACHE,
  CONSOLE_FIRST_PAINT,
  RSS,
  ...GATEWAY_CASES,
  DEPENDENCIES,
  START_UP,
];
