import { encodeHeaders, HEADER, RECORD_KIND } from '@skerry/journal';
import type { Clock } from '@skerry/kernel';
import type { SeededRandom } from '@skerry/kernel/testing';
import type { SeriesQuery } from '@skerry/series';
import { OWNER } from './sent-ledger.ts';
import type { Server } from './server.ts';

const LOOK_MS = 150;
const encoder = new TextEncoder();
const DEADLINE_MS = 60_000;

/** Someone who looks at devices, values and dead letters, and offers letters again or gives them up, some of them twice. */
export class Operator {
  readonly #random: SeededRandom;
  #isActive = true;

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** Goes home. */
  stop(): void {
    this.#isActive = false;
  }

  /** Works with one process until its clock stops; `failed` hears of answers that must not come. */
  follow(server: Server, clock: Clock, failed: (cause: unknown) => void): void {
    clock.startTicker(LOOK_MS, () => {
      if (this.#isActive) this.#look(server, clock).catch(failed);
    });
  }

  async #look({ pipeline, ingress }: Server, clock: Clock): Promise<void> {
    const random = this.#random;
    const letters = await pipeline.deadLetters({
      limit: 20,
      ...(random.chance(0.5) ? { state: 'open' } : {}),
    });
    const chosen = letters[random.int(letters.length + 3)];
    if (chosen && ingress.refusal() === undefined)
      await this.#change(chosen.offset, pipeline, ingress, clock);
    const devices = pipeline.devices({ limit: 5, search: 'DEV' }).entries;
    for (const device of devices) {
      pipeline.device(device);
      pipeline.latest(device);
    }
    pipeline.gaps({ limit: 10 });
    pipeline.figures();
    await this.#ask(pipeline, `dev-${random.int(4)}`);
  }

  async #change(
    offset: number,
    pipeline: Server['pipeline'],
    ingress: Server['ingress'],
    clock: Clock,
  ): Promise<void> {
    const letter = await pipeline.deadLetter(offset);
    if (!letter) return;
    const kind = this.#random.chance(0.7) ? 'replay' : 'discard';
    for (let times = this.#random.between(1, 2); times > 0; times--)
      ingress.addOther({
        kind: RECORD_KIND[kind],
        qos: letter.qos,
        retain: false,
        project: -1,
        receivedMicros: clock.nowMicros(),
        topic: encoder.encode(letter.topic),
        client: encoder.encode(letter.client),
        payload: kind === 'replay' ? letter.payload : new Uint8Array(0),
        headers: Buffer.concat([
          (kind === 'replay' && letter.headers) || new Uint8Array(0),
          encodeHeaders([
            { key: HEADER.replayOf, value: encoder.encode(String(offset)) },
            { key: HEADER.author, value: encoder.encode('operator') },
          ]),
        ]),
      });
  }

  async #ask(pipeline: Server['pipeline'], device: string): Promise<void> {
    const random = this.#random;
    const shape = random.pick<SeriesQuery['shape']>([
      { kind: 'raw', after: undefined, limit: 50, newestFirst: true },
      { kind: 'buckets', stepMicros: 60_000_000 },
      { kind: 'extremes', points: 20 },
    ]);
    const series = { ...OWNER, device, metric: 'n' };
    await pipeline.points({ series, fromMicros: 0, toMicros: 2 ** 52, shape, deadlineMs: DEADLINE_MS });
  }
}
