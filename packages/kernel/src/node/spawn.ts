import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { KernelError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { Child, ChildEnd, ChildOptions, Spawn } from '../spawn.ts';
import { LineSplitter } from './line-splitter.ts';
import { systemCode } from './system-fault.ts';

/** Child processes of the machine. */
export function nodeSpawn(): Spawn {
  return { start };
}

function start(options: ChildOptions): Promise<Child> {
  const child = spawn(options.command, options.args, {
    env: { ...options.env },
    cwd: options.folder,
    stdio: ['pipe', options.onStdout ? 'pipe' : 'ignore', options.onStderr ? 'pipe' : 'ignore'],
  });
  forwardLines(child.stdout, options.onStdout);
  forwardLines(child.stderr, options.onStderr);
  // A child that closed its input is no fault of the parent; `ended` tells the rest.
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<ChildEnd>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(spawnFault(options, error)));
    child.once('spawn', () => resolve(childOf(child, ended)));
  });
}

function childOf(child: ChildProcess, ended: Promise<ChildEnd>): Child {
  // Calls to a child that has ended are harmless and report through this listener.
  child.on('error', () => undefined);
  return {
    pid: child.pid ?? -1,
    ended,
    kill: (signal) => void child.kill(signal),
    writeStdin: (text) => void child.stdin?.write(text),
    [Symbol.asyncDispose]: async () => {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        const timer = setTimeout(() => child.kill('SIGKILL'), LIMITS.childStopMs.value);
        await new Promise<void>((resolve) => child.once('exit', () => resolve()));
        clearTimeout(timer);
      }
      child.stdin?.destroy();
    },
  };
}

function forwardLines(stream: Readable | null, onLine: ((line: string) => void) | undefined): void {
  if (!stream || !onLine) return;
  const splitter = new LineSplitter(LIMITS.childLineBytesMax.value, onLine);
  stream.on('data', (bytes: Buffer) => splitter.push(bytes));
  stream.on('end', () => splitter.end());
}

function spawnFault({ command }: ChildOptions, error: Error): KernelError {
  const system = systemCode(error);
  return new KernelError(
    'spawn-failed',
    `Cannot start ${command}: ${system ?? error.message}.`,
    { command, system },
    error,
  );
}
