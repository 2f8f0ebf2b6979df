import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { parse } from 'yaml';
import { hexDump } from './hex-dump.ts';
import { barOf, Progress } from './progress.ts';
import { RowStream } from './row-stream.ts';
import type { OutputFormat } from './rows.ts';

class Sheet extends Writable {
  text = '';
  writes = 0;
  longest = 0;
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString();
    this.writes += 1;
    this.longest = Math.max(this.longest, chunk.length);
    setImmediate(done); // a reader that is slower than the writer
  }
}

const ROWS = [
  { a: 'x', n: 1 },
  { a: 'y: "z"\u001b', n: -2.5 },
];

async function printed(format: OutputFormat, rows: readonly (typeof ROWS)[number][]): Promise<string> {
  const stdout = new Sheet();
  const stream = new RowStream<(typeof ROWS)[number]>({ stdout, environment: {} }, format, [
    { title: 'A', width: 4, cell: (row) => row.a },
    { title: 'N', width: 5, align: 'right', cell: (row) => String(row.n) },
    { title: 'W', width: 1, isWide: true, cell: () => 'w' },
  ]);
  for (const row of rows) await stream.add(row);
  await stream.end();
  return stdout.text;
}

test('RowStream prints what is well formed in every format, for no row, one and several', async () => {
  for (const rows of [[], ROWS.slice(0, 1), ROWS]) {
    assert.deepEqual(JSON.parse(await printed('json', rows)), rows);
    assert.deepEqual(parse(await printed('yaml', rows)), rows);
    const lines = (await printed('ndjson', rows)).split('\n').slice(0, -1);
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      rows,
    );
  }
  assert.equal(await printed('table', []), 'A         N\n');
  assert.equal(await printed('wide', ROWS), 'A         N  W\nx         1  w\ny: "z"\\x1b   -2.5  w\n');
});

test('RowStream writes in pieces, each bounded, and waits for a reader that is slow', async () => {
  const stdout = new Sheet({ highWaterMark: 1 });
  const stream = new RowStream<{ n: number }>({ stdout, environment: {} }, 'ndjson', []);
  for (let n = 0; n < 50_000; n++) {
    await stream.add({ n });
    assert.ok(stdout.writableLength <= 80_000);
  }
  await stream.end();
  assert.equal(stdout.text.split('\n').length - 1, 50_000);
  assert.ok(
    stdout.writes < 20 && stdout.longest < 70_000,
    `${stdout.writes} writes, ${stdout.longest} bytes at most`,
  );
});

test('Progress draws over itself on a terminal ten times a second, and prints a line each 5 s elsewhere', () => {
  for (const isTTY of [true, false]) {
    const out = Object.assign(new Sheet({ highWaterMark: 1e6 }), { isTTY });
    let nowMs = 0;
    const shown: string[] = [];
    out.write = (text: unknown) => shown.push(String(text)) > 0;
    const progress = new Progress(out, () => nowMs);
    for (; nowMs <= 10_000; nowMs += 10) progress.show({ done: nowMs, total: 10_000, note: `at ${nowMs}` });
    progress.end({ done: 10_000, total: 10_000, note: 'done' });
    assert.equal(shown.length, isTTY ? 102 : 3);
    assert.equal(shown.at(-2), isTTY ? '\r\u001b[K[########################] 100 % at 10000' : 'at 10000\n');
    assert.equal(shown.at(-1), isTTY ? '\r\u001b[K[########################] 100 % done\n' : 'done\n');
  }
});

test('barOf is full for nothing to do and never beyond its cells', () => {
  assert.equal(barOf({ done: 0, total: 0 }), `[${'#'.repeat(24)}] 100 %`);
  assert.equal(barOf({ done: 5, total: 2 }), `[${'#'.repeat(24)}] 100 %`);
  assert.equal(barOf({ done: 1, total: 4 }), `[${'#'.repeat(6)}${'-'.repeat(18)}]  25 %`);
});

test('hexDump shows sixteen bytes a row', () => {
  assert.equal(hexDump(new Uint8Array(0)), '');
  const text = hexDump(Uint8Array.from({ length: 17 }, (_, i) => 0x3f + i));
  assert.equal(
    text.split('\n')[0],
    '00000000  3f 40 41 42 43 44 45 46  47 48 49 4a 4b 4c 4d 4e  |?@ABCDEFGHIJKLMN|',
  );
  assert.match(String(text.split('\n')[1]), /^00000010 {2}4f {48}\|O\|$/);
});
