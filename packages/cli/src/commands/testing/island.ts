import { mkdtempDisposableSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { openScene, type Scene } from '@skerry/api/testing';
import { holdDataFolder } from '../../processes/data-folder.ts';
import { findVerb, parseLine } from '../parse.ts';
import { VERBS } from '../verbs.ts';

/** What a verb said and how it ended. */
export interface Said {
  readonly code: number;
  /** Standard output. */
  readonly out: string;
  /** Standard error. */
  readonly err: string;
}

/** How a line is run. */
export interface LineOptions {
  readonly signal?: AbortSignal;
  readonly environment?: Readonly<Record<string, string>>;
  /** Both streams are terminals. */
  readonly isTerminal?: boolean;
  /** Told each time something is written to standard output. */
  readonly onOut?: (text: string) => void;
  /** Told each time something is written to standard error. */
  readonly onErr?: (text: string) => void;
}

/** A stream that keeps what is written to it. */
export class Capture extends Writable {
  readonly isTTY: boolean;
  readonly #onText: ((text: string) => void) | undefined;
  /** Everything written. */
  text = '';
  /** Writes made. */
  writes = 0;

  constructor(isTerminal = false, onText?: (text: string) => void) {
    super({ decodeStrings: false });
    this.isTTY = isTerminal;
    this.#onText = onText;
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, done: () => void): void {
    this.text += String(chunk);
    this.writes += 1;
    this.#onText?.(this.text);
    done();
  }
}

/** Runs a command line as `main.ts` does, without a process. Errors of parsing are thrown. */
export async function runLine(words: readonly string[], options: LineOptions = {}): Promise<Said> {
  const found = findVerb(VERBS, words);
  if (!found) throw new TypeError(`no verb: ${words.join(' ')}`);
  const { flags, positionals } = parseLine(found.verb, found.rest);
  const stdout = new Capture(options.isTerminal, options.onOut);
  const stderr = new Capture(options.isTerminal, options.onErr);
  const code = await found.verb.run({
    flags,
    positionals,
    stdout,
    stderr,
    environment: { XDG_DATA_HOME: '/nonexistent', ...options.environment },
    signal: options.signal ?? new AbortController().signal,
  });
  return { code, out: stdout.text, err: stderr.text };
}

/** A data folder with an instance on it: the API over a platform in memory, announced as a running process. */
export interface Island extends AsyncDisposable {
  readonly dataDir: string;
  readonly scene: Scene;
  /** Runs a command line against this data folder. */
  skerry(line: string | readonly string[], options?: LineOptions): Promise<Said>;
  /** Announces an MQTT listener. */
  announceMqtt(port: number): void;
}

/** Opens an island. */
export async function openIsland(options: Parameters<typeof openScene>[0] = {}): Promise<Island> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(mkdtempDisposableSync(join(tmpdir(), 'skerry-island-')));
  const held = stack.use(await holdDataFolder(folder.path));
  const scene = stack.use(await openScene({ token: held.token, ...options }));
  const announceMqtt = (port: number): void =>
    held.announce({
      pid: process.pid,
      childPid: process.pid,
      version: '0.1.0',
      startedMicros: 1,
      http: scene.api.address,
      mqtt: { host: '127.0.0.1', port },
    });
  announceMqtt(1);
  const owned = stack.move();
  return {
    dataDir: folder.path,
    scene,
    announceMqtt,
    skerry: (line, lineOptions = {}) =>
      runLine(typeof line === 'string' ? line.split(' ') : line, {
        ...lineOptions,
        environment: { SKERRY_DATA_DIR: folder.path, ...lineOptions.environment },
      }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
