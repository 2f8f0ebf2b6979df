import { constants, createReadStream, openSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';

/** Whether a path is a plain file, which can be read twice; what cannot be looked at is one, and fails when it is read. */
export function isPlainFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
}

/**
 * The bytes of a recording, once. A FIFO is opened without waiting for its writer and read through the event loop: a read
 * in the thread pool would hold up the end of the process until somebody writes. Destroyed when `signal` is aborted.
 */
export function openSource(path: string, signal?: AbortSignal): Readable {
  const isFifo = statSync(path, { throwIfNoEntry: false })?.isFIFO() ?? false;
  const source = isFifo
    ? new Socket({
        fd: openSync(path, constants.O_RDONLY | constants.O_NONBLOCK),
        readable: true,
        writable: false,
      })
    : createReadStream(path);
  signal?.addEventListener('abort', () => source.destroy(), { once: true });
  if (signal?.aborted) source.destroy();
  return source;
}
