import type { EngineCertificates } from './certificates.ts';
import type { EngineFolder } from './engine-folder.ts';
import type { EngineProcess } from './engine-process.ts';

/** What an engine consists of beside its process. */
export interface EngineParts {
  readonly port: number;
  readonly folder: EngineFolder;
  readonly tls?: EngineCertificates | undefined;
}

/** An engine of one process on one port of 127.0.0.1. Disposing kills it and removes its files. */
export class Engine implements AsyncDisposable {
  readonly port: number;
  /** What its clients need to trust it and to be trusted, where TLS was asked for. */
  readonly tls: EngineCertificates | undefined;
  readonly #process: EngineProcess;
  readonly #folder: EngineFolder;

  /** Not for callers: the `start…` functions make it. */
  constructor(process: EngineProcess, { port, folder, tls }: EngineParts) {
    this.port = port;
    this.tls = tls;
    this.#process = process;
    this.#folder = folder;
  }

  /** Folder of its files. */
  get folder(): string {
    return this.#folder.path;
  }

  /** Address for clients that speak HTTP. */
  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Its processes; none while it is ended. */
  get pids(): readonly number[] {
    return this.#process.pids;
  }

  /** Whether it runs, frozen or not. */
  get isAlive(): boolean {
    return this.#process.isAlive;
  }

  /** The end of what it has written since its last start. */
  get log(): string {
    return this.#process.log;
  }

  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** Ends it in an orderly way, by force after 20 s. */
  stop(): Promise<void> {
    return this.#process.stop();
  }

  /** Starts it again on the same port and files; resolves when it is ready. */
  restart(): Promise<void> {
    return this.#process.restart();
  }

  /** Stops it where it is (SIGSTOP); its connections stay open and are not answered. */
  freeze(): Promise<void> {
    return this.#process.freeze();
  }

  /** Lets it go on. */
  thaw(): void {
    this.#process.thaw();
  }

  /** Sends a signal, SIGHUP to read its configuration again for instance. */
  signal(name: Parameters<EngineProcess['signal']>[0]): void {
    this.#process.signal(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill();
    this.#folder[Symbol.dispose]();
  }
}
