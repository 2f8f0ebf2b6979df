import type { Meter } from '@skerry/kernel';
import { KNOWN_METHODS } from './known-methods.ts';

/** Upper bounds of the buckets, s. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** A request that was answered. */
export interface AnsweredRequest {
  readonly method: string;
  /** Pattern of its path, `/api/v1/devices/:tenant`; undefined where no route has it. */
  readonly route: string | undefined;
  readonly status: number;
  readonly seconds: number;
  /** Whether the answer lasts as long as somebody listens; its time is not counted then. */
  readonly isStream: boolean;
}

/** Counts answered requests: how many, with which outcome, and how long they took. */
export class HttpMeters {
  readonly #meter: Meter;

  constructor(meter: Meter) {
    this.#meter = meter;
  }

  /** A request was answered, or its client went away. */
  answered({ method, route, status, seconds, isStream }: AnsweredRequest): void {
    const labels = { method: KNOWN_METHODS.has(method) ? method : 'other', route: route ?? '' };
    this.#meter
      .counter('iot_api_requests_total', 'HTTP requests that were answered, by method, route and status.', {
        ...labels,
        status: `${Math.floor(status / 100)}xx`,
      })
      .add(1);
    if (isStream) return;
    this.#meter
      .histogram(
        'iot_api_request_seconds',
        'Time from a request to the end of its answer, by method and route; event streams are left out.',
        REQUEST_SECONDS,
        labels,
      )
      .observe(seconds);
  }
}
