import { LIMITS } from '../limits.ts';
import { blockOfKey, type PackPoints } from '../pack.ts';
import { readPack } from './chunk-rows.ts';

/**
 * The packs of one file that queries decoded last, as many as one block has: who asks for one series often asks for its neighbours
 * next. A pack never changes; that its row's id may be given to another one later is why the seal is part of the key.
 */
export class PackCache {
  readonly #packs = new Map<string, PackPoints>();
  #points = 0;

  /** The points of the pack in a row of the one file; `body` reads its bytes. */
  get(
    path: string,
    row: { readonly id: number; readonly key: number; readonly seal: number },
    body: () => unknown,
  ) {
    const name = `${row.id} ${row.key} ${row.seal}`;
    const known = this.#packs.get(name);
    if (known) return known;
    const pack = readPack(path, body(), blockOfKey(row.key));
    this.#packs.set(name, pack);
    this.#points += pack.points.times.length;
    for (const [oldest, one] of this.#packs) {
      if (this.#points <= LIMITS.packedPointsMax.value) break;
      this.#packs.delete(oldest);
      this.#points -= one.points.times.length;
    }
    return pack;
  }
}
