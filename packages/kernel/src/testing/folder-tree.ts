import { FileContents } from './file-contents.ts';
import type { SeededRandom } from './seeded-random.ts';

/** A file of the simulated disk, whatever it is called. */
export class FileNode {
  readonly kind = 'file';
  readonly contents = new FileContents();
  /** Open handles. */
  openCount = 0;
  /** Where the medium has it. */
  durablePlace: Place | undefined;
}

/** A folder of the simulated disk: names as everybody sees them, and as the medium has them. */
export class FolderNode {
  readonly kind = 'folder';
  /** Where the medium has it. */
  durablePlace: Place | undefined;
  seen = new Map<string, TreeNode>();
  durable = new Map<string, TreeNode>();
}

/** What a name stands for. */
export type TreeNode = FileNode | FolderNode;

/** Where a name is. */
export interface Place {
  readonly folder: FolderNode;
  readonly name: string;
}

/** A change of names that is seen at once and durable only when every folder it concerns is synced. */
interface NameChange {
  readonly node: TreeNode;
  /** Undefined when the name was taken away. */
  readonly to: Place | undefined;
  readonly unsynced: Set<FolderNode>;
}

/** Names and folders of a simulated disk; every change is legal to be lost or kept by itself at a power cut. */
export class FolderTree {
  readonly root = new FolderNode();
  #changes: NameChange[] = [];

  /** The node at a path, undefined when there is none. */
  find(path: string): TreeNode | undefined {
    let node: TreeNode | undefined = this.root;
    for (const name of namesOf(path)) {
      if (node?.kind !== 'folder') return undefined;
      node = node.seen.get(name);
    }
    return node;
  }

  /** The folder and name of a path whose folder exists, else undefined. */
  placeOf(path: string): Place | undefined {
    const names = namesOf(path);
    const name = names.pop();
    const folder = this.find(names.join('/'));
    return name !== undefined && folder?.kind === 'folder' ? { folder, name } : undefined;
  }

  /** Gives a new node its name. */
  link(to: Place, node: TreeNode): void {
    to.folder.seen.set(to.name, node);
    this.#changes.push({ node, to, unsynced: new Set([to.folder]) });
  }

  /** Takes a name away. */
  unlink(from: Place, node: TreeNode): void {
    from.folder.seen.delete(from.name);
    this.#changes.push({ node, to: undefined, unsynced: new Set([from.folder]) });
  }

  /** Moves a node from one name to another in one step. */
  rename(from: Place, to: Place, node: TreeNode): void {
    from.folder.seen.delete(from.name);
    to.folder.seen.set(to.name, node);
    this.#changes.push({ node, to, unsynced: new Set([from.folder, to.folder]) });
  }

  /** Makes the changes that concern a folder durable; a move between folders waits for both. */
  sync(folder: FolderNode): void {
    this.#changes = this.#changes.filter((change) => {
      change.unsynced.delete(folder);
      if (change.unsynced.size > 0) return true;
      applyDurably(change);
      return false;
    });
  }

  /** The power goes: each unsynced change of names happened or did not; what is seen afterwards is what is durable. */
  cutPower(random: SeededRandom): void {
    const mood = random.int(5);
    const share = mood === 0 ? 0 : mood === 1 ? 1 : random.float();
    for (const change of this.#changes) if (random.chance(share)) applyDurably(change);
    this.#changes = [];
    showDurable(this.root);
  }

  /** True when no change of names would be lost by a power cut. */
  get isDurable(): boolean {
    return this.#changes.length === 0;
  }

  /** Every file that has a name, in order of paths. */
  *files(folder: FolderNode = this.root): Iterable<FileNode> {
    for (const name of [...folder.seen.keys()].sort()) {
      const node = folder.seen.get(name);
      if (node?.kind === 'folder') yield* this.files(node);
      else if (node) yield node;
    }
  }
}

/** A node has one name on the medium, also when an earlier change of its name was lost. */
function applyDurably({ node, to }: NameChange): void {
  const old = node.durablePlace;
  if (old && old.folder.durable.get(old.name) === node) old.folder.durable.delete(old.name);
  to?.folder.durable.set(to.name, node);
  node.durablePlace = to;
}

function showDurable(folder: FolderNode): void {
  folder.seen = new Map(folder.durable);
  for (const node of folder.seen.values()) if (node.kind === 'folder') showDurable(node);
}

/** The names along a path, without empty ones. */
function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}
