import { KernelError } from '../errors.ts';
import type { Child, ChildEnd, ChildOptions, Spawn } from '../spawn.ts';

/** What a test does as the child: say lines, read standard input, end. */
export interface FakeChild {
  readonly options: ChildOptions;
  /** Signals the parent sent, oldest first. */
  readonly signals: readonly string[];
  /** Everything written to the child's standard input. */
  readonly stdin: string;
  stdout(line: string): void;
  stderr(line: string): void;
  /** Ends the child; later calls change nothing. */
  end(how: ChildEnd): void;
}

/** Processes that a test plays. A signal ends the child unless it ignores all but SIGKILL. */
export class FakeSpawn implements Spawn {
  readonly #commands: ReadonlySet<string>;
  readonly #ignoresSignals: boolean;
  readonly #children: FakeChild[] = [];

  /** `commands` are those that exist; any other fails with `spawn-failed`. */
  constructor(options: { readonly commands: readonly string[]; readonly ignoresSigterm?: boolean }) {
    this.#commands = new Set(options.commands);
    this.#ignoresSignals = options.ignoresSigterm ?? false;
  }

  /** Every child started so far, oldest first. */
  get children(): readonly FakeChild[] {
    return this.#children;
  }

  async start(options: ChildOptions): Promise<Child> {
    const { command } = options;
    if (!this.#commands.has(command)) {
      throw new KernelError('spawn-failed', `Cannot start ${command}: not found.`, { command });
    }
    const { promise: ended, resolve: end } = Promise.withResolvers<ChildEnd>();
    const signals: string[] = [];
    let stdin = '';
    this.#children.push({
      options,
      signals,
      get stdin() {
        return stdin;
      },
      stdout: (line) => options.onStdout?.(line),
      stderr: (line) => options.onStderr?.(line),
      end,
    });
    const kill = (signal: 'SIGTERM' | 'SIGKILL' | 'SIGINT'): void => {
      signals.push(signal);
      if (signal === 'SIGKILL' || !this.#ignoresSignals) end({ code: null, signal });
    };
    return {
      pid: this.#children.length,
      ended,
      kill,
      writeStdin: (text) => {
        stdin += text;
      },
      [Symbol.asyncDispose]: async () => {
        kill('SIGTERM');
        if (this.#ignoresSignals) kill('SIGKILL');
        await ended;
      },
    };
  }
}
