import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch } from './launch.mjs';
import { findNode } from './pinned-node.mjs';
import { ensureProgram } from './program.mjs';
import { ensureInstalled, ensurePage } from './set-up.mjs';

/** The folder of the repository. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Installs and builds what changed, then becomes the pinned Node running `entry` (a path inside the repository), or the
 * built program where none is given. Returns only while a child is running, on a Node without `process.execve`.
 */
export function bootstrap({ entry, args, needsPage, root = ROOT }) {
  ensureInstalled(root);
  const node = findNode(root);
  if (needsPage) ensurePage(root, node);
  const file = entry === undefined ? ensureProgram(root, node) : resolve(root, entry);
  launch({ root, node, entry: file, args });
}
