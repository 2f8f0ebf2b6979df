import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SHM = '/dev/shm';

/** A folder in memory where the system has one, else among the temporary files; removed with everything in it when disposed. */
export function memoryFolder(name: string): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(existsSync(SHM) ? SHM : tmpdir(), `skerry-${name}-`));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

/** Why ext4 cannot be mounted over loop devices here, or undefined when it can; tries it once. */
export function whyNoLoopDisk(): string | undefined {
  if (process.platform !== 'linux') return 'loop-mounted ext4 is Linux only';
  if (process.getuid?.() !== 0) return 'mounting needs root';
  try {
    using place = memoryFolder('loop');
    using disk = LoopDisk.create(place.path, 'probe', 16);
    writeFileSync(join(disk.path, 'probe'), 'x');
    return undefined;
  } catch (cause) {
    return cause instanceof Error ? cause.message : String(cause);
  }
}

/**
 * An ext4 file system in an image file, mounted over a loop device. The image holds what the file system has written
 * out; what nobody has synced is in the page cache above it, so a copy of the image is the disk after a power cut.
 */
export class LoopDisk implements Disposable {
  /** Where it is mounted. */
  readonly path: string;
  readonly #image: string;
  #isMounted = false;

  private constructor(image: string, path: string) {
    this.#image = image;
    this.path = path;
  }

  /**
   * Makes an image of so many MiB in a folder, with a new file system, and mounts it. Its blocks are as large as those of
   * disks (mkfs gives small ones to a small image), unless they are wanted otherwise. Fails with a plain error.
   */
  static create(folder: string, name: string, mebibytes: number, blockBytes = 4_096): LoopDisk {
    const disk = new LoopDisk(join(folder, `${name}.img`), join(folder, name));
    writeFileSync(disk.#image, '');
    truncateSync(disk.#image, mebibytes * 2 ** 20);
    const lazy = 'lazy_itable_init=1,lazy_journal_init=1';
    run('mkfs.ext4', ['-q', '-F', '-b', String(blockBytes), '-E', lazy, '-m', '0', disk.#image]);
    disk.#mount();
    return disk;
  }

  /** The disk as a power cut at this moment would leave it, mounted beside this one. Whoever writes must stand still. */
  cut(folder: string, name: string): LoopDisk {
    const copy = new LoopDisk(join(folder, `${name}.img`), join(folder, name));
    // by the operating system's own copy: quick, and holes stay holes
    const end = spawnSync('cp', ['--sparse=always', this.#image, copy.#image], { encoding: 'utf8' });
    if (end.status !== 0) copyFileSync(this.#image, copy.#image);
    copy.#mount(); // replays the file system's own journal
    copy.#unmount();
    run('e2fsck', ['-f', '-n', copy.#image]);
    copy.#mount();
    return copy;
  }

  [Symbol.dispose](): void {
    this.#unmount();
    rmSync(this.#image, { force: true });
  }

  #mount(): void {
    mkdirSync(this.path, { recursive: true });
    run('mount', ['-o', 'loop,noatime', '-t', 'ext4', this.#image, this.path]);
    this.#isMounted = true;
  }

  #unmount(): void {
    if (!this.#isMounted) return;
    this.#isMounted = false;
    if (spawnSync('umount', [this.path]).status !== 0) run('umount', ['-l', this.path]);
  }
}

/** Stops a process, all its threads, and waits until every one of them stands still. */
export async function freeze(pids: readonly number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const deadline = performance.now() + 5_000;
  while (!pids.every(standsStill)) {
    if (performance.now() > deadline)
      throw new TypeError(`Processes ${pids.join(', ')} did not stop in 5 s.`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function standsStill(pid: number): boolean {
  const end = spawnSync('sh', ['-c', `cat /proc/${pid}/task/*/stat`], { encoding: 'utf8' });
  const states = end.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.slice(line.lastIndexOf(')') + 2, line.lastIndexOf(')') + 3));
  return states.every((state) => state === 'T' || state === 'Z');
}

function run(command: string, words: readonly string[]): void {
  const path = `${process.env.PATH}:/usr/sbin:/sbin`;
  const end = spawnSync(command, words, { encoding: 'utf8', env: { ...process.env, PATH: path } });
  if (end.status === 0) return;
  const why = end.error?.message ?? `${end.stderr}${end.stdout}`.trim();
  throw new TypeError(`${command} ${words.join(' ')} failed (${end.status}): ${why}`);
}

/** Whether a path lies on a file system of its own, by the system's table of mounts. */
export function isMountPoint(path: string): boolean {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[1] === path);
}
