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

test('schemathesis finds no server error and nothing that /openapi.json does not tell of', async () => {
  const examples = process.env.SKERRY_FUZZ_EXAMPLES ?? '4';
  const words = [
    'run',
    `http://127.0.0.1:${server.httpPort}/openapi.json`,
    ...['--header', `Authorization: Bearer ${server.token}`],
    ...['--checks', CHECKS.join(',')],
    ...['--phases', 'examples,coverage,fuzzing'],
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
});

test('after it the server still runs, its ledger balances and its audit is clean', async () => {
  assert.equal(server.hasCrashed, false, server.stderr);
  assert.equal((await server.quiet()).isBalanced, true);
  await assertAuditClean(server);
});
