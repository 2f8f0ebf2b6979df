/** One end of a channel between two threads. Messages are plain data and arrive in order. */
export interface Mailbox {
  /** Sends; buffers in `transfer` change their owner. */
  post(message: unknown, transfer?: readonly ArrayBuffer[]): void;
  /** Installs the one listener; messages that came before are given to it first. */
  onMessage(listener: (message: unknown) => void): void;
}
