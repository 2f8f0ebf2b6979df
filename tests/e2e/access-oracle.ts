import type { OperationId } from '@skerry/api/testing';
import type { SeededRandom } from '@skerry/kernel/testing';
import { aPipeline, type Probe, pipelineOf, type Verdict } from './access-probe.ts';
import { CHANGING, STEADY } from './access-probes.ts';
import {
  type AccessWorld,
  type Asking,
  anyOf,
  inPath,
  keyOf,
  mayNaively,
  type Place,
} from './access-world.ts';

/** A difference between what was answered and what the oracle says. */
export interface Leak {
  readonly who: string;
  readonly what: string;
  readonly where: string;
  readonly answered: string;
  readonly wanted: string;
}

/** Operations that a random question may be about. */
const RANDOM = Object.entries(STEADY);

/** Every probe by its operation. */
export const PROBES: Partial<Readonly<Record<OperationId, Probe>>> = { ...STEADY, ...CHANGING };

/** Asks a server, and compares every answer with the oracle's. */
export class AccessOracle {
  readonly leaks: Leak[] = [];
  /** Subject, operation and object, each compared once. */
  triples = 0;
  /** Comparisons by what was asked. */
  readonly asked = new Map<string, number>();
  readonly #world: AccessWorld;

  constructor(world: AccessWorld) {
    this.#world = world;
  }

  /** Gives every project a pipeline. */
  async declare(): Promise<void> {
    for (const place of this.#world.places) {
      const name = pipelineOf(this.#world, place);
      await this.#world.must('PUT', `/api/v1/pipelines/${name}`, aPipeline(name, place));
    }
  }

  /** One question at random, of those that change nothing. */
  async askOne(asking: Asking, random: SeededRandom): Promise<void> {
    const [name, probe] = RANDOM[random.int(RANDOM.length)] ?? [];
    if (name && probe) await this.#probe(name, probe, asking, random);
  }

  /** Each of these operations once, about a place each. */
  async askEach(asking: Asking, random: SeededRandom, probes = PROBES): Promise<void> {
    for (const [name, probe] of Object.entries(probes)) await this.#probe(name, probe, asking, random);
  }

  /**
   * What a stream of everything carries; `ingest` makes each of the places send something, in their order: those last
   * that are to be told.
   */
  async askStream(asking: Asking, ingest: (places: readonly Place[]) => void | Promise<void>): Promise<void> {
    const stop = new AbortController();
    const { signal } = stop;
    const path = `${this.#world.url}/api/v1/stream?subscribe=points`;
    const response = await fetch(path, { headers: asking.headers, signal });
    const { places } = this.#world;
    const wanted = places.filter((place) => mayNaively(asking, 'see', place));
    const others = places.filter((place) => !wanted.includes(place));
    const seen = new Set<string>();
    if (response.status === 200 && response.body) {
      await ingest([...others, ...wanted]);
      for await (const keys of keysIn(response.body)) {
        for (const key of keys) seen.add(key);
        if (wanted.every((place) => seen.has(keyOf(place)))) break;
      }
    }
    stop.abort();
    for (const place of places) {
      const isLetIn = seen.has(keyOf(place));
      this.compare(asking, 'stream', keyOf(place), { isLetIn, isWanted: wanted.includes(place) });
    }
  }

  /** Notes one comparison. */
  compare(asking: Asking, what: string, where: string, { isLetIn, isWanted }: Verdict): void {
    this.triples++;
    this.asked.set(what, (this.asked.get(what) ?? 0) + 1);
    if (isLetIn === isWanted) return;
    const who = `${asking.name} ${JSON.stringify(asking.grants)}`;
    const [answered, wanted] = [isLetIn, isWanted].map((is) => (is ? 'let in' : 'refused'));
    this.leaks.push({ who, what, where, answered: String(answered), wanted: String(wanted) });
  }

  async #probe(name: string, probe: Probe, asking: Asking, random: SeededRandom): Promise<void> {
    const place = anyOf(random, this.#world.places);
    try {
      const verdicts = await probe({ world: this.#world, asking, place, random });
      for (const verdict of verdicts) this.compare(asking, name, verdict.where ?? keyOf(place), verdict);
    } catch (cause) {
      throw new TypeError(`${name} at ${inPath(place)} as ${JSON.stringify(asking.grants)} failed`, {
        cause,
      });
    }
  }
}

/** Places that each event of a stream tells points of, until it ends. */
async function* keysIn(body: ReadableStream<Uint8Array>): AsyncGenerator<readonly string[]> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const piece of body) {
    const blocks = (text + decoder.decode(piece, { stream: true })).split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const line = /^data: (.*)$/m.exec(block)?.[1];
      if (line !== undefined) yield (JSON.parse(line).devices ?? []).map(keyOf);
    }
  }
}
