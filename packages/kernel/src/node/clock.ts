import type { Clock, Timer } from '../clock.ts';
import { LIMITS } from '../limits.ts';

/**
 * The machine's clock. Wall time has a resolution of one millisecond and follows every jump of the machine's time;
 * nothing in the platform takes order or identity from it. Timers keep the process alive until they are disposed of.
 */
export function nodeClock(): Clock {
  return {
    nowMicros: () => Date.now() * 1000,
    monotonicMs: () => performance.now(),
    startTimer,
    startTicker,
    sleep,
  };
}

function startTimer(delayMs: number, callback: () => void): Timer {
  const most = LIMITS.timerDelayMsMax.value;
  let left = Math.max(0, delayMs);
  let handle: NodeJS.Timeout;
  const arm = (): void => {
    const part = Math.min(left, most);
    left -= part;
    handle = setTimeout(() => (left > 0 ? arm() : callback()), part);
  };
  arm();
  return { [Symbol.dispose]: () => clearTimeout(handle) };
}

function startTicker(periodMs: number, callback: () => void): Timer {
  const handle = setInterval(callback, Math.min(Math.max(1, periodMs), LIMITS.timerDelayMsMax.value));
  return { [Symbol.dispose]: () => clearInterval(handle) };
}

function sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const wake = (): void => {
      timer[Symbol.dispose]();
      signal?.removeEventListener('abort', wake);
      resolve();
    };
    const timer = startTimer(delayMs, wake);
    signal?.addEventListener('abort', wake, { once: true });
  });
}
