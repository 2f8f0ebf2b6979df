import type { MessagePort } from 'node:worker_threads';

/** One end of a pair of message ports as the packages that speak across threads ask for it. */
export interface PortMailbox {
  /** Sends a structured clone; shared memory goes by reference, what `transfer` names changes hands. */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Installs the one receiver; messages that came before are given to it first. */
  onMessage(receiver: (message: unknown) => void): void;
}

/** A message port as a mailbox. */
export function portMailbox(port: MessagePort): PortMailbox {
  return {
    post: (message, transfer = []) => port.postMessage(message, [...transfer]),
    onMessage: (receiver) => {
      port.on('message', receiver);
    },
  };
}
