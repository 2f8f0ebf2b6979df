import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { memoryFolder, ServerProcess } from '@skerry/testkit';
import { ClientProcess } from '../clients/client-process.ts';
import { assertAuditClean } from '../e2e/proof.ts';

const folder = memoryFolder('http-fuzz');
let server: ServerProcess;

before(async () => {
  server = await ServerProcess.start({ dataDir: join(folder.path, 'store') });
});

after(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

/** What is judged: no 5xx, and only statuses, media types, schemas, methods and refusals that the document tells of. */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'unsupported_method',
  'allow_header_conformance',
];

/** Runs schemathesis with a token; what it says. */
async function fuzz(token: string, examples: string, phases: string): Promise<string> {
  const words = [
    'run',
    `http://127.0.0.1:${server.httpPort}/openapi.json`,
    ...['--header', `Authorization: Bearer ${token}`],
    ...['--checks', CHECKS.join(',')],
    ...['--phases', phases],
    ...['--max-examples', examples],
    ...['--seed', process.env.SKERRY_SEED ?? '1'],
    // an event stream has no end
    ...['--exclude-operation-id', 'openStream'],
    ...['--workers', '2'],
    ...['--warnings', 'off'],
    '--continue-on-failure',
    '--generation-deterministic',
    '--no-color',
  ];
  await using client = new ClientProcess(process.env.SKERRY_TEST_SCHEMATHESIS ?? 'schemathesis', words);
  const code = await client.ends(200_000 + Number(examples) * 20_000);
  assert.equal(code, 0, client.text.slice(-20_000));
  assert.match(client.text, /Tested: +\d\d/);
  return client.text;
}

test('schemathesis finds no server error and nothing that /openapi.json does not tell of', async () => {
  await fuzz(server.token, process.env.SKERRY_FUZZ_EXAMPLES ?? '4', 'examples,coverage,fuzzing');
});

test('schemathesis finds nothing else with the token of a viewer of one tenant, who is refused most of it', async () => {
  const wish = { name: 'viewer', grants: [{ role: 'viewer', tenant: 'acme' }] };
  const made = await server.ask('/api/v1/tokens', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(wish),
  });
  const { secret } = (await made.json()) as { readonly secret: string }; // the answer of createToken
  await fuzz(secret, '1', 'examples,fuzzing');
});

test('after it the server still runs, its ledger balances and its audit is clean', async () => {
  assert.equal(server.hasCrashed, false, server.stderr);
  assert.equal((await server.quiet()).isBalanced, true);
  await assertAuditClean(server);
});
