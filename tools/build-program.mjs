// node tools/build-program.mjs FOLDER: the program as it is run, built of packages/*/src: few files in place of more than a
// thousand, without comments and types (docs/decisions/0004-tool-chain.md).
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { OWN_SCRIPTS } from '@skerry/cli/own-place';
import { rolldown } from 'rolldown';

/** What is loaded from node_modules: native code, files beside the code, what is asked for by `require` when it is needed. */
const OUTSIDE = [
  '@node-rs/crc32',
  '@platformatic/wasm-utils',
  '@marcbachmann/cel-js',
  'protobufjs',
  'pg-native',
  'pg-cloudflare',
];

const SOURCES = join(dirname(dirname(fileURLToPath(import.meta.url))), 'packages', 'cli', 'src');
const [folder] = process.argv.slice(2);
if (folder === undefined) throw new TypeError('Found no folder; wanted where the program is to be built.');

const target = resolve(folder);
try {
  write(await bundled());
} catch (cause) {
  process.stderr.write(`${cause.message}\n`);
  process.exitCode = 1;
}

async function bundled() {
  const scripts = ['main', ...OWN_SCRIPTS];
  await using bundle = await rolldown({
    input: Object.fromEntries(
      scripts.map((path) => [path.slice(path.lastIndexOf('/') + 1), join(SOURCES, `${path}.ts`)]),
    ),
    platform: 'node',
    external: OUTSIDE,
    onwarn: (warning) => {
      throw new Error(warning.message);
    },
  });
  const { output } = await bundle.generate({
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
    comments: { legal: true, annotation: false, jsdoc: false },
  });
  return output;
}

/** Whole on the disk when this ends: what is found later under its name is what was built, after a loss of power too. */
function write(output) {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const part of output)
    writeFileSync(join(target, part.fileName), part.code ?? part.source, { flush: true });
}
