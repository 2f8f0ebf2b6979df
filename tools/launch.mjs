import { spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache-folder.mjs';
import { processStat } from './process-stat.mjs';

const FORWARDED = ['SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];

/**
 * Becomes `node entry args` (same process id) where Node can, else runs it as a child that ends when this process does:
 * the child finds in SKERRY_PARENT_FD a pipe whose other end only this process holds. Under npm, SKERRY_PARENT_CHAIN
 * names this process, its shell and npm, since npm passes a SIGKILL on to nobody.
 */
export function launch({ root, node, entry, args }) {
  const compiled = process.env.NODE_COMPILE_CACHE ?? compileCache(root);
  const env = { ...process.env, ...(compiled && { NODE_COMPILE_CACHE: compiled }) };
  delete env.SKERRY_PARENT_FD;
  delete env.SKERRY_PARENT_CHAIN;
  if (process.env.npm_lifecycle_event !== undefined) env.SKERRY_PARENT_CHAIN = parentChain().join('>');
  if (typeof process.execve === 'function' && !process.env.SKERRY_NO_EXECVE) {
    process.execve(node, [node, entry, ...args], env);
  }
  runChild(node, [entry, ...args], { ...env, SKERRY_PARENT_FD: '3' });
}

function runChild(node, words, env) {
  const child = spawn(node, words, { stdio: ['inherit', 'inherit', 'inherit', 'pipe'], env });
  // A terminal sends SIGINT to the whole group: the child has it already.
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  for (const signal of FORWARDED) process.on(signal, () => child.kill(signal));
  child.on('error', (cause) => {
    process.stderr.write(`${node} could not be started: ${cause.message}\n`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

/** This process, its parent, and where that is a shell its parent: what must live for this run to be wanted. */
function parentChain() {
  const chain = [process.pid, process.ppid];
  const parent = processStat(process.ppid);
  if (parent && /^(sh|dash|bash|ash|zsh)$/.test(parent.command)) chain.push(parent.parent);
  return chain;
}

/** Beside the dependencies where they may be written, else in the user's own folder for such things, else nowhere. */
function compileCache(root) {
  const modules = join(root, 'node_modules');
  try {
    accessSync(modules, constants.W_OK);
    return join(cacheFolder(root), 'compiled');
  } catch {
    return ownCache();
  }
}

function ownCache() {
  const home = process.env.XDG_CACHE_HOME ?? (process.env.HOME && join(process.env.HOME, '.cache'));
  if (!home) return undefined;
  const folder = join(home, 'skerry', 'compiled');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  } catch {
    return undefined; // a user of a service without a home; what others may write to is no place for code
  }
}
