import { useEffect, useState } from 'react';

let offsetMs = 0;

/** Learns how far the reader's clock is from the server's, from a time the server has just sent. */
export function learnServerTime(iso: string): void {
  offsetMs = Date.parse(iso) - Date.now();
}

/** The server's time now, ms since 1970. */
export function serverNow(): number {
  return Date.now() + offsetMs;
}

/** The server's time, renewed every `periodMs` while the tab is seen. */
export function useServerNow(periodMs = 1_000): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const timer = window.setInterval(() => {
      if (!document.hidden) setNow(serverNow());
    }, periodMs);
    return () => window.clearInterval(timer);
  }, [periodMs]);
  return now;
}
