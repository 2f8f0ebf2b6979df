/** Resolves after `ms`; at once, without a fault, when `signal` is aborted. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

/** Pauses by the timers of the browser or of Node. */
export const timerPause: Pause = (ms, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
