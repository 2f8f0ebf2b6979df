import type { Disk, DiskFile, FileStat, OpenMode } from '../disk.ts';
import { KernelError, type KernelFault } from '../errors.ts';
import type { DiskFault, DiskFaultPlan, DiskOperationKind } from './disk-faults.ts';
import { FileNode, FolderNode, FolderTree, type Place, type TreeNode } from './folder-tree.ts';
import { RunLog } from './run-log.ts';
import { SeededRandom } from './seeded-random.ts';

/** Choices of a simulated disk. */
export interface SimulatedDiskOptions {
  /** Room for file contents; 1 GiB unless given. */
  readonly capacityBytes?: number;
  /** Folders that exist, durably, from the start. */
  readonly folders?: readonly string[];
  /** What goes wrong and when; nothing unless given. */
  readonly faults?: DiskFaultPlan;
  /** Decides what a failed sync leaves behind. */
  readonly random?: SeededRandom;
  /** Where every operation is noted. */
  readonly log?: RunLog;
}

interface DiskState {
  readonly tree: FolderTree;
  readonly random: SeededRandom;
  readonly log: RunLog;
  capacityBytes: number;
  usedBytes: number;
  faults: DiskFaultPlan;
  operations: number;
}

/**
 * A disk in memory that lies as real ones do. What is written, named or removed is seen at once; contents are durable
 * after `sync` of the file, names after `syncFolder` of their folder, apart from each other. An object is the disk as
 * one process sees it: after `kill` or `powerCut` it is dead, and the next process uses the object these return.
 */
export class SimulatedDisk implements Disk {
  readonly #state: DiskState;
  #isDead = false;

  constructor(options: SimulatedDiskOptions | DiskState = {}) {
    this.#state = 'tree' in options ? options : newState(options);
  }

  /** The process ends: handles are gone, the page cache stays, unsynced bytes and names with it. */
  kill(): SimulatedDisk {
    this.#state.log.add('disk kill');
    return this.#nextLife();
  }

  /** The power goes: unsynced bytes and names are kept, lost or torn by sectors as `random` says. */
  powerCut(random: SeededRandom): SimulatedDisk {
    this.#state.log.add('disk power cut');
    this.#state.tree.cutPower(random);
    for (const file of this.#state.tree.files()) file.contents.cutPower(random);
    return this.#nextLife();
  }

  /** Changes the room for contents, as when a neighbour fills the disk or frees it. */
  setCapacity(bytes: number): void {
    this.#state.capacityBytes = bytes;
  }

  /** Changes what goes wrong from now on. */
  setFaults(faults: DiskFaultPlan): void {
    this.#state.faults = faults;
  }

  /** Operations so far, over all lives. */
  get operationCount(): number {
    return this.#state.operations;
  }

  /** Bytes that files take up. */
  get usedBytes(): number {
    return this.#state.usedBytes;
  }

  /** True when a power cut now would lose nothing. */
  get isDurable(): boolean {
    return (
      this.#state.tree.isDurable && [...this.#state.tree.files()].every((file) => file.contents.isDurable)
    );
  }

  open(path: string, mode: OpenMode): DiskFile {
    this.#begin('open', path, mode);
    const place = this.#state.tree.placeOf(path);
    if (!place) throw fault('not-found', 'open', path);
    const found = place.folder.seen.get(place.name);
    if (mode === 'create' && found) throw fault('already-exists', 'open', path);
    if (mode !== 'create' && !found) throw fault('not-found', 'open', path);
    if (found?.kind === 'folder') throw fault('disk-failed', 'open', path);
    const node = found ?? new FileNode();
    if (!found) this.#state.tree.link(place, node);
    node.openCount++;
    return this.#handle(node, path, mode !== 'read');
  }

  list(folder: string): string[] {
    this.#begin('list', folder);
    return [...this.#folder(folder, 'list').seen.keys()].sort();
  }

  stat(path: string): FileStat | undefined {
    this.#assertAlive(path);
    const node = this.#state.tree.find(path);
    if (!node) return undefined;
    return { kind: node.kind, bytes: node.kind === 'file' ? node.contents.bytes : 0 };
  }

  makeFolder(path: string): void {
    this.#begin('make-folder', path);
    makeFolders(this.#state.tree, path);
  }

  rename(from: string, to: string): void {
    this.#begin('rename', from, to);
    const source = this.#named(from, 'rename');
    const target = this.#state.tree.placeOf(to);
    if (!target) throw fault('not-found', 'rename', to);
    const replaced = target.folder.seen.get(target.name);
    if (replaced === source.node) return;
    if (replaced?.kind === 'folder') throw fault('disk-failed', 'rename', to);
    this.#state.tree.rename(source.place, target, source.node);
    if (replaced) this.#giveBack(replaced);
  }

  remove(path: string): void {
    this.#begin('remove', path);
    const { place, node } = this.#named(path, 'remove');
    if (node.kind === 'folder') throw fault('disk-failed', 'remove', path);
    this.#state.tree.unlink(place, node);
    this.#giveBack(node);
  }

  syncFolder(folder: string): void {
    this.#begin('sync-folder', folder);
    this.#state.tree.sync(this.#folder(folder, 'sync'));
  }

  space(path: string): { readonly freeBytes: number; readonly totalBytes: number } {
    this.#assertAlive(path);
    if (!this.#state.tree.find(path)) throw fault('not-found', 'measure the file system of', path);
    const { capacityBytes, usedBytes } = this.#state;
    return { freeBytes: Math.max(0, capacityBytes - usedBytes), totalBytes: capacityBytes };
  }

  #nextLife(): SimulatedDisk {
    this.#isDead = true;
    let used = 0;
    for (const file of this.#state.tree.files()) {
      file.openCount = 0;
      used += file.contents.bytes;
    }
    this.#state.usedBytes = used;
    return new SimulatedDisk(this.#state);
  }

  #folder(path: string, action: string): FolderNode {
    const node = this.#state.tree.find(path);
    if (node?.kind !== 'folder') throw fault('not-found', action, path);
    return node;
  }

  #named(path: string, action: string): { readonly place: Place; readonly node: TreeNode } {
    const place = this.#state.tree.placeOf(path);
    const node = place?.folder.seen.get(place.name);
    if (!place || !node) throw fault('not-found', action, path);
    return { place, node };
  }

  #assertAlive(path: string): void {
    if (this.#isDead) throw fault('disk-failed', 'use, after the end of its process,', path);
  }

  /** Notes the operation and lets the plan fail it; a short write is the caller's to carry out. */
  #begin(
    kind: DiskOperationKind,
    path: string,
    note: string | number = '',
    bytes?: Uint8Array,
  ): DiskFault | undefined {
    this.#assertAlive(path);
    const state = this.#state;
    state.operations++;
    const found = state.faults({ number: state.operations, kind, path, bytes: bytes?.byteLength ?? 0 });
    const shown = found ? (found.kind === 'fail' ? ` ${found.code}` : ` short ${found.bytes}`) : '';
    state.log.add(
      `disk ${kind} ${path} ${note} ${bytes?.byteLength ?? ''}${shown}`,
      kind === 'write' ? bytes : undefined,
    );
    if (found?.kind === 'fail' && kind !== 'sync') throw fault(found.code, kind, path);
    return found;
  }

  #giveBack(node: TreeNode): void {
    if (node.kind === 'file' && node.openCount === 0) this.#state.usedBytes -= node.contents.bytes;
  }

  #handle(node: FileNode, path: string, isWritable: boolean): DiskFile {
    let isOpen = true;
    const check = (): void => {
      this.#assertAlive(path);
      if (!isOpen) throw fault('disk-failed', 'use, after its close,', path);
    };
    const checkWritable = (action: string): void => {
      check();
      if (!isWritable) throw fault('disk-denied', action, path);
    };
    return {
      size: () => {
        check();
        return node.contents.bytes;
      },
      read: (into, position) => {
        check();
        this.#begin('read', path, position, into);
        return node.contents.read(into, position);
      },
      write: (bytes, position) => {
        checkWritable('write');
        return this.#write(node, path, bytes, position);
      },
      truncate: (bytes) => {
        checkWritable('set the length of');
        this.#begin('truncate', path, bytes);
        this.#resize(bytes - node.contents.bytes, path);
        node.contents.truncate(bytes);
      },
      sync: () => {
        check();
        this.#sync(node, path);
      },
      close: () => {
        if (!isOpen || this.#isDead) return;
        isOpen = false;
        node.openCount--;
        if (node.openCount === 0 && !hasName(this.#state.tree, node))
          this.#state.usedBytes -= node.contents.bytes;
      },
    };
  }

  #write(node: FileNode, path: string, bytes: Uint8Array, position: number): number {
    const found = this.#begin('write', path, position, bytes);
    const wanted = found?.kind === 'short' ? Math.min(found.bytes, bytes.byteLength) : bytes.byteLength;
    const free = Math.max(0, this.#state.capacityBytes - this.#state.usedBytes);
    const fits = Math.max(0, node.contents.bytes + free - position);
    const count = Math.min(wanted, fits);
    if (count === 0 && bytes.byteLength > 0) throw fault('disk-full', 'write', path);
    this.#state.usedBytes += Math.max(0, position + count - node.contents.bytes);
    node.contents.write(bytes.subarray(0, count), position);
    return count;
  }

  #sync(node: FileNode, path: string): void {
    const found = this.#begin('sync', path);
    if (found?.kind !== 'fail') {
      node.contents.sync();
      return;
    }
    node.contents.failSync(this.#state.random);
    throw fault('sync-failed', 'make durable', path);
  }

  #resize(byBytes: number, path: string): void {
    const free = this.#state.capacityBytes - this.#state.usedBytes;
    if (byBytes > 0 && byBytes > free) throw fault('disk-full', 'set the length of', path);
    this.#state.usedBytes += byBytes;
  }
}

/** A simulated disk on which nothing goes wrong. */
export function memoryDisk(options: { readonly folders?: readonly string[] } = {}): SimulatedDisk {
  return new SimulatedDisk(options);
}

function newState(options: SimulatedDiskOptions): DiskState {
  const tree = new FolderTree();
  for (const folder of options.folders ?? []) makeFolders(tree, folder);
  syncAll(tree, tree.root);
  return {
    tree,
    random: options.random ?? new SeededRandom(1),
    log: options.log ?? new RunLog(),
    capacityBytes: options.capacityBytes ?? 2 ** 30,
    usedBytes: 0,
    faults: options.faults ?? (() => undefined),
    operations: 0,
  };
}

function makeFolders(tree: FolderTree, path: string): void {
  const names = path.split('/').filter((name) => name !== '' && name !== '.');
  let folder = tree.root;
  for (const name of names) {
    const found = folder.seen.get(name);
    if (found?.kind === 'file') throw fault('already-exists', 'create the folder', path);
    const next = found ?? new FolderNode();
    if (!found) tree.link({ folder, name }, next);
    folder = next;
  }
}

function syncAll(tree: FolderTree, folder: FolderNode): void {
  tree.sync(folder);
  for (const node of folder.seen.values()) if (node.kind === 'folder') syncAll(tree, node);
}

function hasName(tree: FolderTree, node: FileNode): boolean {
  for (const file of tree.files()) if (file === node) return true;
  return false;
}

function fault(code: KernelFault, action: string, path: string): KernelError {
  return new KernelError(code, `Cannot ${action} ${path}: ${code}.`, { path });
}
