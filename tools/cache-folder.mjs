import { join } from 'node:path';

/** Where the bootstrap keeps what it remembers. */
export function cacheFolder(root) {
  return join(root, 'node_modules', '.cache', 'skerry');
}
