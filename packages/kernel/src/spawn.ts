/** How a child ended: `code` for an exit, `signal` for a kill. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** What is started and with what. Nothing of the parent's environment is passed on unless named in `env`. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly folder?: string;
  /** Lines of the child's output, without the newline; a line over 64 KiB is cut into pieces of that size. */
  readonly onStdout?: (line: string) => void;
  readonly onStderr?: (line: string) => void;
}

/** A running child process. Disposing sends SIGTERM, then SIGKILL after 5 s, and waits for the end. */
export interface Child extends AsyncDisposable {
  readonly pid: number;
  readonly ended: Promise<ChildEnd>;
  kill(signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): void;
  /** Writes to the child's standard input. */
  writeStdin(text: string): void;
}

/** Process creation as the platform sees it. */
export interface Spawn {
  /** Resolves when the child runs; fails with `KernelError` code `spawn-failed`. */
  start(options: ChildOptions): Promise<Child>;
}
