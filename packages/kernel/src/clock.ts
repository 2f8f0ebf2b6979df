/** A running timer; disposing it stops it. Disposing twice is harmless. */
export interface Timer extends Disposable {}

/**
 * Time as the platform sees it. The only source of time outside adapters and `cli`.
 * Wall time may jump in either direction; monotonic time never goes back.
 */
export interface Clock {
  /** Wall time in microseconds since 1970-01-01T00:00:00Z, a safe integer until the year 2255. */
  nowMicros(): number;
  /** Milliseconds since an arbitrary origin, never decreasing, with a fraction. */
  monotonicMs(): number;
  /** Calls `callback` once after `delayMs` (0 to 2^31-1; larger delays are re-armed by the adapter). */
  startTimer(delayMs: number, callback: () => void): Timer;
  /** Calls `callback` every `periodMs` until disposed. Ticks that were missed are not made up for. */
  startTicker(periodMs: number, callback: () => void): Timer;
  /** Resolves after `delayMs`; resolves early, without an error, when `signal` is aborted. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}
