import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isRunning, processesIn, signalProcess } from './process-tree.ts';

const PREFIX = 'skerry-engine-';
const folders = new Set<string>();

/** A temporary folder of one engine, which other users may enter; removed when disposed and when this process ends. */
export class EngineFolder implements Disposable {
  readonly path: string;

  constructor(engine: string) {
    if (folders.size === 0) sweep();
    this.path = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-${engine}-`));
    chmodSync(this.path, 0o755);
    folders.add(this.path);
  }

  [Symbol.dispose](): void {
    remove(this.path);
    folders.delete(this.path);
  }
}

process.once('exit', () => {
  for (const path of folders) remove(path);
});

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}

/** Removes what processes have left behind that were killed: files, and children of engines that stood frozen then. */
function sweep(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (!Number.isInteger(owner) || isRunning(owner)) continue;
    const path = join(tmpdir(), name);
    for (const pid of processesIn(path)) signalProcess(pid, 'SIGKILL');
    remove(path);
  }
}
