/** Where a listener listens or a connection goes to. */
export interface Address {
  /** Host name or IP address, without brackets. */
  readonly host: string;
  /** 0 to 65,535; 0 asks the listener for a free port. */
  readonly port: number;
}

/** What a connection tells its owner. Every callback runs on the owner's thread, never inside a call the owner makes. */
export interface ConnectionEvents {
  /** Bytes that arrived, in order. The callee owns them for the time of the call only: whoever keeps them copies them. */
  onData(bytes: Uint8Array): void;
  /** Buffered output fell below the high-water mark after a `write` that returned false. */
  onDrain(): void;
  /** The connection is gone, once. `error` is absent after an orderly end by either side. */
  onClose(error?: Error): void;
}

/** One ordered byte stream to a peer. */
export interface Connection {
  /** Address of the peer, for logs and limits. */
  readonly remote: Address;
  /** Bytes accepted by `write` and not yet handed to the network. */
  readonly bufferedBytes: number;
  /** Installs the callbacks. Called exactly once, in the tick that gave the connection out. */
  start(events: ConnectionEvents): void;
  /**
   * Queues bytes; the connection owns them from here on. Returns false above the high-water mark.
   * A successful write says nothing about arrival at the peer. Without effect after the end.
   */
  write(bytes: Uint8Array): boolean;
  /** Stops `onData` until `resume`, so that the peer's window fills up. */
  pause(): void;
  /** Lets `onData` happen again. */
  resume(): void;
  /** Sends what is buffered, then closes in an orderly way. */
  end(): void;
  /** Closes at once; buffered output is lost. */
  destroy(): void;
}

/** A bound port. Disposing it refuses new connections and leaves existing ones alone. */
export interface Listener extends AsyncDisposable {
  /** The address in force, with the port that was picked for 0. */
  readonly address: Address;
}

/** What a listener of TLS shows its peers: PEM text. */
export interface TlsCredentials {
  /** The listener's own certificate, then those between it and the authority. */
  readonly certificate: string;
  /** The key of the first certificate, without a passphrase. */
  readonly key: string;
}

/** A bound port whose connections are encrypted. */
export interface TlsListener extends Listener {
  /** Shows new connections another certificate; those that are open go on. Fails with `tls-credentials-invalid`. */
  renew(credentials: TlsCredentials): void;
}

/** On what terms a client speaks TLS. */
export interface TlsTrust {
  /** PEM: trusted instead of the machine's own authorities. */
  readonly authority?: string | undefined;
  /** The name that the peer's certificate has to be for; the host of the address unless given. */
  readonly serverName?: string | undefined;
  /** What the client itself shows when it is asked for a certificate. */
  readonly credentials?: TlsCredentials | undefined;
}

/** Encrypted listeners, beside `Net`: a platform without them needs none. */
export interface TlsNet {
  /**
   * Resolves when the port is bound; gives out a connection when its handshake is over. Fails as `Net.listen` does, and
   * with `tls-credentials-invalid`.
   */
  listenTls(
    address: Address,
    credentials: TlsCredentials,
    onConnection: (connection: Connection) => void,
  ): Promise<TlsListener>;
  /**
   * Resolves when the handshake is over. Fails as `Net.connect` does; a certificate that is not trusted, or is for another
   * name, is `connect-failed`, credentials that cannot be used are `tls-credentials-invalid`.
   */
  connectTls(address: Address, trust?: TlsTrust, signal?: AbortSignal): Promise<Connection>;
}

/** The network as the platform sees it: TCP, or a simulated one with faults. */
export interface Net {
  /** Resolves when the port is bound. Fails with `KernelError` code `port-in-use`, `address-not-available` or `port-denied`. */
  listen(address: Address, onConnection: (connection: Connection) => void): Promise<Listener>;
  /** Resolves when connected; fails with `KernelError` code `connect-failed`, or when `signal` is aborted. */
  connect(address: Address, signal?: AbortSignal): Promise<Connection>;
}
