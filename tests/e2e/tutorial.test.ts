import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { memoryFolder, program } from '@skerry/testkit';
import { freePorts } from '@skerry/testkit/engines';
import { until } from './condition.ts';

/** One block of commands, and what it says it prints. */
interface Block {
  readonly code: string;
  readonly kind: 'run' | 'background' | 'look';
  readonly printed: string | undefined;
  /** Line of the page. */
  readonly line: number;
}

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const PAGES = ['docs/tutorials/first-hour.md', 'docs/tutorials/first-hour.zh.md'];
const folder = memoryFolder('tutorial');
const place = join(folder.path, 'place');
let ports: { readonly http: number; readonly mqtt: number };
let server: ChildProcess | undefined;

before(async () => {
  const [http = 0, mqtt = 0] = await freePorts(2);
  ports = { http, mqtt };
  mkdirSync(join(folder.path, 'bin'));
  mkdirSync(place);
  const main = program();
  shim('npx', `[ "$1" = skerry ] && shift && exec "${process.execPath}" "${main}" "$@"`);
  shim('npm', `[ "$1" = start ] && exec "${process.execPath}" "${main}" up`);
});

after(async () => {
  if (server?.exitCode === null) {
    const ended = new Promise((resolve) => server?.once('close', resolve));
    server.kill('SIGTERM');
    await ended;
  }
  folder[Symbol.dispose]();
});

function shim(name: string, line: string): void {
  const path = join(folder.path, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${line}\necho "${name}: not what the page has" >&2; exit 99\n`);
  chmodSync(path, 0o755);
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(REPOSITORY, page), 'utf8');
  const found = [...text.matchAll(/^```(sh|text)( \w+)?\n([\s\S]*?)^```$/gm)].map((match) => ({
    language: match[1],
    kind: (match[2]?.trim() ?? 'run') as Block['kind'],
    text: String(match[3]),
    line: text.slice(0, match.index).split('\n').length,
  }));
  return found.flatMap((block, at) => {
    if (block.language !== 'sh') return [];
    const next = found[at + 1];
    return [
      {
        code: block.text,
        kind: block.kind,
        line: block.line,
        printed: next?.language === 'text' ? next.text : undefined,
      },
    ];
  });
}

/** The page's ports are the usual ones; here they are free ones. */
const ported = (text: string): string =>
  text.replaceAll('127.0.0.1:8080', `127.0.0.1:${ports.http}`).replaceAll(/\b1883\b/g, String(ports.mqtt));

function start(code: string): ChildProcess {
  return spawn('bash', ['-euo', 'pipefail', '-c', ported(code)], {
    cwd: place,
    // the last one ends `npm start` and its server with this process
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    env: {
      PATH: `${join(folder.path, 'bin')}${delimiter}${process.env.PATH}`,
      HOME: folder.path,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      SKERRY_PARENT_FD: '3',
      SKERRY_HTTP_PORT: String(ports.http),
      SKERRY_MQTT_PORT: String(ports.mqtt),
      SKERRY_MQTT_WEBSOCKET_PORT: '0',
    },
  });
}

async function run(
  code: string,
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = start(code);
  const said = { out: '', err: '' };
  child.stdout?.on('data', (text: Buffer) => (said.out += String(text)));
  child.stderr?.on('data', (text: Buffer) => (said.err += String(text)));
  const ended = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code: ended, ...said };
}

/** Whether a text is what the page says: `…` alone on a line is any lines, within one anything; blanks count as one. */
function fits(printed: string, said: string): boolean {
  const flat = (text: string) => text.replaceAll(/[ \t]+/g, ' ').trim();
  const pattern = flat(ported(printed))
    .split('\n')
    .map((line) => (line.trim() === '…' ? '[^]*' : line.trim().split('…').map(RegExp.escape).join('[^\\n]*')))
    .join('\\n')
    .replaceAll('\\n[^]*\\n', '\\n[^]*')
    .replaceAll(/^\[\^\]\*\\n/g, '[^]*');
  const lines = said
    .split('\n')
    .map((line) => flat(line))
    .join('\n')
    .trim();
  return new RegExp(`^${pattern}`).test(lines);
}

async function follow(block: Block): Promise<void> {
  if (block.kind === 'background') {
    let said = '';
    server = start(`exec ${block.code}`);
    for (const stream of [server.stdout, server.stderr]) {
      stream?.on('data', (text: Buffer) => {
        said += String(text);
      });
    }
    const told = () => said.slice(Math.max(0, said.indexOf('Skerry ')));
    await until(
      'the start',
      () => fits(String(block.printed), told()),
      60_000,
      () => said,
    );
    return;
  }
  let last = await run(block.code);
  const isRight = () => last.code === 0 && (block.printed === undefined || fits(block.printed, last.out));
  if (block.kind === 'look') {
    await until(
      `what line ${block.line} says`,
      async () => {
        if (isRight()) return true;
        last = await run(block.code);
        return false;
      },
      60_000,
      () => JSON.stringify(last),
    );
  }
  assert.ok(
    isRight(),
    `line ${block.line}: ${block.code}\nprinted ${last.out}\n${last.err}\nwanted ${block.printed}`,
  );
}

test('first-hour.md: every block of commands does what the page says, in order', async () => {
  const blocks = blocksOf(String(PAGES[0]));
  assert.ok(blocks.length > 15);
  for (const block of blocks) await follow(block);
});

test('the pages in both languages have the same commands and the same answers', () => {
  const [english, chinese] = PAGES.map((page) =>
    blocksOf(page).map(({ code, kind, printed }) => ({ code, kind, printed })),
  );
  assert.deepEqual(chinese, english);
});

test('fits takes what the page says and nothing else', () => {
  assert.ok(fits('A B\n… 21.5\n', 'A   B\n2026 21.5\nmore\n'));
  assert.ok(fits('A\n…\nZ\n', 'A\nb\nc\nZ\n'));
  assert.ok(!fits('A\n… 21.5\n', 'A\n2026 22.5\n'));
  assert.ok(!fits('A\n', 'b\nA\n'));
});
