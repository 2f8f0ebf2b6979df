import type { Clock, Timer } from './clock.ts';
import { LIMITS } from './limits.ts';
import type { Meter } from './meter.ts';

/** Upper bounds of the buckets, s. */
const DELAY_SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];

/**
 * Measures how late the turns of this thread's event loop come, as `iot_process_event_loop_delay_seconds`: a tick every
 * `eventLoopLookMs` is late by whatever held the thread up. Disposing the timer ends it.
 */
export function watchEventLoop(
  thread: string,
  { clock, meter }: { readonly clock: Pick<Clock, 'monotonicMs' | 'startTicker'>; readonly meter: Meter },
): Timer {
  const delays = meter.histogram(
    'iot_process_event_loop_delay_seconds',
    'How late a turn of the event loop came, by thread.',
    DELAY_SECONDS,
    { thread },
  );
  const periodMs = LIMITS.eventLoopLookMs.value;
  let lastMs = clock.monotonicMs();
  return clock.startTicker(periodMs, () => {
    const nowMs = clock.monotonicMs();
    delays.observe(Math.max(0, nowMs - lastMs - periodMs) / 1_000);
    lastMs = nowMs;
  });
}
