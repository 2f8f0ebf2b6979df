#!/usr/bin/env node
// node tools/run.mjs [--page] ENTRY.ts ARGS… : everything set up, then ENTRY under the Node that the repository pins.
// The version is looked at before any newer syntax is loaded.
import { requireNode } from './node-version.mjs';

requireNode(20);
const words = process.argv.slice(2);
const needsPage = words[0] === '--page';
if (needsPage) words.shift();
import('./bootstrap.mjs')
  .then(({ bootstrap }) => bootstrap({ entry: words[0], args: words.slice(1), needsPage }))
  .catch((cause) => {
    process.stderr.write(`${cause.isPlain ? cause.message : cause.stack}\n`);
    process.exit(1);
  });
