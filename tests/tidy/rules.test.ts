import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { undocumentedError, undocumentedLimit } from './rules/documents.ts';
import { emptyCatch, emptyTest, leftOutTest, uncodedError, unreasoned } from './rules/honesty.ts';
import {
  circles,
  importPastExports,
  importRank,
  type Manifests,
  technologyOutside,
  undeclaredImport,
} from './rules/imports.ts';
import { newerThanOldestNode } from './rules/oldest-node.ts';
import { portBypassed } from './rules/ports.ts';
import {
  defaultExport,
  longFile,
  longFunction,
  strayLimit,
  undocumentedExport,
  vagueName,
} from './rules/shape.ts';
import { type Rule, Source } from './source.ts';

type Sample = readonly [path: string, text: string];

const PURE = 'packages/mqtt/src/topic.ts';
const TEST = 'packages/mqtt/src/topic.test.ts';

function linesOf(rule: Rule, [path, text]: Sample): number[] {
  return rule(new Source(path, text)).map((finding) => finding.line);
}

/** One test per rule: samples that it must flag, at the line given, and samples that it must leave alone. */
function prove(
  rule: Rule,
  bad: readonly (readonly [...Sample, line?: number])[],
  good: readonly Sample[],
): void {
  test(`${rule.name} flags ${bad.length} samples and leaves ${good.length} alone`, () => {
    for (const [path, text, line] of bad)
      assert.deepEqual(linesOf(rule, [path, text]), [line ?? 1], `${path}: ${text.slice(0, 200)}`);
    for (const sample of good)
      assert.deepEqual(linesOf(rule, sample), [], `${sample[0]}: ${sample[1].slice(0, 200)}`);
  });
}

const manifests: Manifests = new Map([
  ['', { exports: [], dependencies: ['fast-check'] }],
  ['mqtt', { exports: ['.'], dependencies: ['@skerry/kernel'] }],
  ['kernel', { exports: ['.', './node'], dependencies: [] }],
]);
const pastExports: Rule = (source) => importPastExports(source, manifests);
const undeclared: Rule = (source) => undeclaredImport(source, manifests);
const limits: Rule = (source) =>
  undocumentedLimit(
    source,
    '# Limits\n\n## mqtt\n\n| `packetBytesMax` | 1 |\n\n## series\n\n| `rowsMax` | 2 |\n',
  );
const errors: Rule = (source) => undocumentedError(source, new Set(['not-found']));

const lines = (count: number): string => 'x();\n'.repeat(count);

describe('rules over imports', () => {
  prove(
    importRank,
    [
      [PURE, "import { a } from '@skerry/journal';"],
      [PURE, "export * from '@skerry/cli';"],
      [PURE, "\nimport type { A } from '@skerry/pipeline';", 2],
      [PURE, "const a = await import('@skerry/api');"],
      [PURE, "let a: import('@skerry/api').A;"],
      ['packages/kernel/src/a.ts', "import { a } from '@skerry/model';"],
      ['packages/console/src/a.tsx', "import { a } from '@skerry/model';"],
      ['packages/console/src/a.tsx', "import type { A } from '@skerry/api';"],
      ['packages/weather/src/a.ts', "import type { A } from '@skerry/kernel';"],
      ['packages/cli/src/a.test.ts', "import { a } from '@skerry/testkit';"],
    ],
    [
      [PURE, "import { a } from '@skerry/kernel';"],
      [PURE, "import { a } from '@skerry/mqtt/testing';"],
      ['packages/console/src/a.tsx', "import type { A } from '@skerry/model';"],
      ['tests/e2e/a.test.ts', "import { a } from '@skerry/cli';"],
    ],
  );
  prove(
    pastExports,
    [
      [PURE, "import { a } from '@skerry/kernel/src/a.ts';"],
      [PURE, "import { a } from '../../kernel/src/a.ts';"],
      ['tests/e2e/a.test.ts', "import { a } from '../../packages/mqtt/src/a.ts';"],
    ],
    [
      [PURE, "import { a } from '@skerry/kernel/node';"],
      ['packages/mqtt/src/codec/a.ts', "import { a } from '../topic.ts';"],
      ['tests/e2e/a.test.ts', "import { a } from '../ground/a.ts';"],
    ],
  );
  prove(
    undeclared,
    [
      [PURE, "import { a } from '@skerry/model';"],
      [PURE, "import fc from 'fast-check';"],
    ],
    [
      [PURE, "import { a } from '@skerry/kernel';\nimport { b } from 'node:zlib';"],
      [TEST, "import fc from 'fast-check';\nimport { a } from '@skerry/model';"],
    ],
  );
  prove(
    technologyOutside,
    [
      [PURE, "import { DatabaseSync } from 'node:sqlite';"],
      [PURE, "import fastify from 'fastify';"],
      [PURE, "import { left } from 'left-pad';"],
      ['packages/series/src/store.ts', "import type { DatabaseSync } from 'node:sqlite';"],
    ],
    [
      ['packages/series/src/sqlite/day-file.ts', "import { DatabaseSync } from 'node:sqlite';"],
      ['packages/api/src/server.ts', "import { fastify } from 'fastify';"],
      [TEST, "import fc from 'fast-check';"],
    ],
  );
  test('circles flags both imports of a circle over three packages, and no test file', () => {
    const of = (path: string, target: string) => new Source(path, `import { a } from '${target}';`);
    const circle = [
      of('packages/mqtt/src/a.ts', '@skerry/model'),
      of('packages/model/src/a.ts', '@skerry/kernel'),
      of('packages/kernel/src/a.ts', '@skerry/mqtt'),
      of('packages/cli/src/a.ts', '@skerry/mqtt'),
    ];
    assert.deepEqual(
      circles(circle)
        .map(({ path }) => path)
        .sort(),
      ['packages/kernel/src/a.ts', 'packages/model/src/a.ts', 'packages/mqtt/src/a.ts'],
    );
    const straight = [...circle.slice(0, 2), of('packages/kernel/src/a.test.ts', '@skerry/mqtt')];
    assert.deepEqual(circles(straight), []);
  });
});

describe('rules over ports', () => {
  prove(
    portBypassed,
    [
      [PURE, 'const now = Date.now();'],
      [PURE, 'const now = new Date();'],
      [PURE, 'const clock = { now: Date.now };'],
      [PURE, 'performance.now();'],
      [PURE, '\nsetTimeout(() => x(), 1);', 2],
      [PURE, 'globalThis.setInterval(x, 1);'],
      [PURE, 'setImmediate(x);'],
      [PURE, 'Math.random();'],
      [PURE, 'crypto.randomUUID();'],
      [PURE, 'crypto.getRandomValues(x);'],
      [PURE, "import { randomBytes } from 'node:crypto';"],
      [PURE, "import { readFileSync } from 'node:fs';"],
      [PURE, "import { open } from 'node:fs/promises';"],
      [PURE, "import { Socket } from 'node:net';"],
      [PURE, "const { spawn } = await import('node:child_process');"],
      [PURE, "import { Worker } from 'node:worker_threads';"],
      [PURE, "import { setTimeout as sleep } from 'node:timers/promises';"],
      [PURE, 'const port = process.env.PORT;'],
      [PURE, 'process.exit(1);'],
      [TEST, 'const seed = Math.random();'],
      [TEST, 'const now = Date.now();'],
      ['tests/simulation/a.test.ts', 'Math.random();'],
    ],
    [
      [PURE, 'const day = new Date(ms);'],
      [PURE, "import { createHash } from 'node:crypto';"],
      [PURE, "import type { Socket } from 'node:net';"],
      [PURE, 'clock.startTimer(1, x); port.setTimeout(1);'],
      ['packages/kernel/src/node/clock.ts', 'setTimeout(x, Date.now());'],
      ['packages/api/src/node/listener.ts', "import { createServer } from 'node:http';"],
      ['packages/cli/src/main.ts', 'process.exit(process.env.A);'],
      [TEST, "import { readFileSync } from 'node:fs';\nsetTimeout(x, 1);"],
    ],
  );
});

describe('rules over shape', () => {
  prove(
    longFunction,
    [
      [PURE, `function f() {\n${lines(69)}}`],
      [PURE, `\nconst f = () => {\n${lines(69)}};`, 2],
      [PURE, `class A { f() {\n${lines(69)}} }`],
    ],
    [
      [PURE, `function f() {\n${lines(68)}}`],
      [TEST, `describe('a', () => {\n${lines(90)}});`],
      [
        'packages/mqtt/src/testing/store-suite.ts',
        `export function storeSuite() {\n${lines(90)}for (const a of b) { test('a', () => c()); }\n}`,
      ],
    ],
  );
  prove(
    longFile,
    [
      [PURE, lines(501)],
      [TEST, lines(801)],
    ],
    [
      [PURE, lines(500)],
      [TEST, lines(800)],
    ],
  );
  prove(
    vagueName,
    [
      ['packages/mqtt/src/utils.ts', ''],
      ['packages/mqtt/src/session-manager.ts', ''],
      ['packages/mqtt/src/device-info.test.ts', ''],
      ['packages/mqtt/src/topicFilter.ts', ''],
      [PURE, 'class SessionManager {}'],
      [PURE, 'interface DeviceData {}'],
      [PURE, 'interface IStore {}'],
      [PURE, 'class StoreImpl {}'],
    ],
    [
      ['packages/mqtt/src/data-folder.ts', ''],
      ['packages/console/src/DevicePage.tsx', ''],
      [PURE, 'class DataFolder {}\ninterface Ingress {}\ntype Information = 1;'],
    ],
  );
  prove(
    undocumentedExport,
    [
      [PURE, 'export const a = 1;'],
      [PURE, '// not a doc comment\nexport function f() {}', 2],
      [PURE, '/* nor this */ export class A {}'],
      [PURE, '/** Of something else. */\nconst b = 1;\nexport type A = 1;', 3],
      ['testkit/src/a.ts', 'export interface A {}'],
    ],
    [
      [PURE, '/** One. */\nexport const a = 1;\nconst b = 2;'],
      [PURE, "export * from './a.ts';\nexport { b } from './b.ts';"],
      [PURE, '/** Two ways. */\nexport function f(a: string): void;\nexport function f(a: number): void;'],
      [TEST, 'export const a = 1;'],
    ],
  );
  prove(defaultExport, [[PURE, 'export default 1;']], [[PURE, 'export const a = 1;']]);
  prove(
    strayLimit,
    [
      [PURE, 'const PACKET_BYTES_MAX = 5;'],
      [PURE, '/** Bytes. */\nconst a = 1;\nexport const bytesMax = 5 * 2 ** 20;', 3],
    ],
    [
      [PURE, 'const LENGTH_MAX = 268_435_455; // four bytes of seven bits [MQTT-1.5.5]'],
      [PURE, 'const most = LIMITS.packetBytesMax.value;\nfunction f() { const aMax = 3; }'],
      ['packages/mqtt/src/limits.ts', 'const BYTES_MAX = 5;'],
    ],
  );
});

describe('rules over honesty', () => {
  prove(
    leftOutTest,
    [
      [TEST, "test.skip('a', () => assert(a));"],
      [TEST, "describe.only('a', () => {});"],
      [TEST, "test('a', (t) => { t.skip(); });"],
      [TEST, "test('a', { todo: true }, () => assert(a));"],
      [TEST, "it('a', { skip: !isRoot }, () => assert(a));"],
    ],
    [[TEST, "test('a', { timeout: 5 }, () => assert(a)); list.skip(3); read({ only: 1 });"]],
  );
  prove(
    emptyTest,
    [
      [TEST, "test('a', () => {});"],
      [TEST, "\ntest('a', async () => { await run(); });", 2],
      [TEST, "it('a');"],
    ],
    [
      [TEST, "test('a', () => { assert.equal(a, 1); });"],
      [TEST, "test('a', (t) => { t.assert.equal(a, 1); });"],
      [TEST, "test('a', () => { fc.assert(p); });"],
      [TEST, "function same() { assert(a); }\nconst twice = () => same();\ntest('a', () => { twice(); });"],
      [TEST, "test('a', () => { run().expectClosed(); });"],
      [TEST, "test('a', assertClosed);"],
    ],
  );
  prove(
    unreasoned,
    [
      [PURE, 'const a = b as C;'],
      [PURE, 'let a: any;'],
      [PURE, '\nconst a = b!;', 2],
      [PURE, 'const a = f(\n  b as C,\n  c,\n); // elsewhere', 2],
      [PURE, '// of the next line\nx();\n\nconst a = b as C;', 4],
      [TEST, 'let a: any;'],
    ],
    [
      [PURE, 'const a = b as C; // the schema has checked it'],
      [PURE, '// the schema has checked it\nconst a = b as C;'],
      [PURE, '// the schema has checked both\nconst a = b as C;\nconst d = e as F;'],
      [PURE, 'const a = f(\n  b as C,\n); // the schema has checked it'],
      [PURE, 'const a = [1] as const;'],
      [PURE, 'const a = b satisfies C;'],
      [TEST, 'const a = b as C, c = d!;'],
    ],
  );
  prove(
    emptyCatch,
    [
      [PURE, 'try { a(); } catch {}'],
      [PURE, 'try { a(); } catch (cause) { /* never mind */ }'],
      [PURE, 'a().catch(() => {});'],
      [PURE, 'a().catch(() => undefined);'],
    ],
    [
      [PURE, 'try { a(); } catch (cause) { throw new KernelError(1); }'],
      [PURE, 'a().catch((cause) => { count(cause); });'],
      [PURE, 'a().catch(() => undefined); // counted by its own task'],
    ],
  );
  prove(
    uncodedError,
    [[PURE, "throw new Error('no');"]],
    [
      [PURE, "throw new KernelError('not-found', 'no');\n"],
      [PURE, "throw new TypeError('a bug');"],
      [TEST, "throw new Error('no');"],
    ],
  );
});

describe('rules over documents', () => {
  prove(
    limits,
    [
      [
        'packages/mqtt/src/limits.ts',
        'export const LIMITS = {\n packetBytesMax: {}, rowsMax: {} } as const satisfies LimitTable;',
        2,
      ],
      ['packages/mqtt/src/limits.ts', 'export const LIMITS = {};'],
    ],
    [['packages/mqtt/src/limits.ts', 'export const LIMITS = { packetBytesMax: { value: 1 } } as const;']],
  );
  prove(
    errors,
    [
      [
        'packages/mqtt/src/errors.ts',
        "export const MQTT_FAULTS = {\n 'not-found': {},\n 'too-large': {} };",
        3,
      ],
    ],
    [['packages/mqtt/src/errors.ts', "export const MQTT_FAULTS: A = { 'not-found': {} };"]],
  );
});

describe('rules over the oldest Node', () => {
  const SET_UP = 'tools/set-up.mjs';
  prove(
    newerThanOldestNode,
    [
      [SET_UP, 'entries.map((entry) => join(entry.parentPath, entry.name));'],
      [SET_UP, 'const { parentPath } = entry;'],
      [SET_UP, "import { globSync } from 'node:fs';"],
      [SET_UP, 'const names = readdirSync(folder, { recursive: true });'],
      [SET_UP, 'fs.writeFileSync(path, text, { mode: 0o600, flush: true });'],
      [SET_UP, 'const here = import.meta.dirname;'],
      ['packages/cli/bin/skerry.mjs', '\nawait import(import.meta.filename);', 2],
      [SET_UP, 'const { promise } = Promise.withResolvers();'],
      [SET_UP, 'await Array.fromAsync(lines);'],
      [SET_UP, 'Object.groupBy(lines, nameOf);'],
      [SET_UP, 'AbortSignal.any(signals);'],
      [SET_UP, 'using file = openIt();'],
      [SET_UP, 'await using file = openIt();'],
      [SET_UP, "import json from './a.json' with { type: 'json' };"],
      [SET_UP, "import { DatabaseSync } from 'node:sqlite';"],
      [SET_UP, 'process.execve(node, words, env);'],
      [SET_UP, 'if (typeof process.other) process.execve(node, words, env);'],
    ],
    [
      [SET_UP, 'if (typeof process.execve === "function") process.execve(node, words, env);'],
      [SET_UP, 'const here = dirname(fileURLToPath(import.meta.url));'],
      [SET_UP, 'const first = paths.any(isSource);'],
      [SET_UP, 'rmSync(folder, { recursive: true });'],
      ['tools/build-program.mjs', 'await using bundle = await rolldown({});'],
      ['tools/needs.ts', 'const here = import.meta.dirname;'],
      ['packages/cli/src/a.ts', 'const here = import.meta.dirname;'],
    ],
  );
});
