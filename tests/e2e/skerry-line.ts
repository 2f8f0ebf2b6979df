import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { program } from '@skerry/testkit';

/** What a command line said and how it ended. */
export interface Said {
  readonly code: number | null;
  /** Standard output. */
  readonly out: string;
  /** Standard error. */
  readonly err: string;
}

/** How a command line is run. */
export interface LineOptions {
  readonly dataDir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Ended with SIGTERM as soon as this says so of what stands on standard output and standard error. */
  readonly stopWhen?: (out: string, err: string) => boolean;
  /** Killed after this. */
  readonly mostMs?: number;
}

/** Runs `skerry` in a process of its own, with nothing of this process's `SKERRY_*`. A line as text is cut at blanks. */
export async function skerry(line: string | readonly string[], options: LineOptions = {}): Promise<Said> {
  const words = typeof line === 'string' ? line.split(' ') : line;
  const child = spawn(process.execPath, [program(), ...words], {
    // the last one ends `skerry up` and its server with this process
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    cwd: options.cwd,
    timeout: options.mostMs ?? 90_000,
    killSignal: 'SIGTERM',
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      SKERRY_PARENT_FD: '3',
      ...(options.dataDir === undefined ? {} : { SKERRY_DATA_DIR: options.dataDir }),
      ...options.env,
    },
  });
  let out = '';
  let err = '';
  const look = (): void => {
    if (options.stopWhen?.(out, err)) child.kill('SIGTERM');
  };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text;
    look();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text;
    look();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** The rows of NDJSON. */
export function rowsOf(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}
