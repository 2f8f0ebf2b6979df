#!/usr/bin/env node
import { requireNode } from '../../../tools/node-version.mjs';

requireNode(20);
const args = process.argv.slice(2);
import('../../../tools/bootstrap.mjs')
  .then(({ bootstrap }) => bootstrap({ args, needsPage: ['up', 'cloud'].includes(args[0]) }))
  .catch((cause) => {
    process.stderr.write(`${cause.isPlain ? cause.message : cause.stack}\n`);
    process.exit(1);
  });
