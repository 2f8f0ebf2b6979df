import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FakeClock } from '@skerry/kernel/testing';
import { memoryFolder } from '@skerry/testkit';
import { journalContents, judge, readStore, SentBook, type VerifyReport } from '@skerry/verify';
import { ModelDisk, turn } from './model-journal.ts';
import { ModelNode, type NodeParts } from './model-node.ts';
import { ModelSender } from './model-sender.ts';

/** What a scenario came to. */
export interface Outcome {
  readonly report: VerifyReport;
  /** Why the last start was refused, if it was. */
  readonly refusal: string | undefined;
}

/**
 * One history for every build: a full journal, trimming, a kill during a seal, a kill and a cut that follow each other,
 * a cut alone; the sender publishes again what was not acknowledged.
 */
export async function playScenario(parts: NodeParts, seed: number): Promise<Outcome> {
  using folder = memoryFolder('defects');
  const stage = new Stage(parts, folder.path, seed);
  const refusal = await stage.play().then(
    () => undefined,
    (cause: unknown) => (cause instanceof Error ? cause.message : String(cause)),
  );
  return { report: stage.report(), refusal };
}

class Stage {
  readonly #parts: NodeParts;
  readonly #folder: string;
  readonly #seed: number;
  readonly #disk = new ModelDisk();
  readonly #sender = new ModelSender();
  readonly #clock = new FakeClock();
  #starts = 0;

  constructor(parts: NodeParts, folder: string, seed: number) {
    this.#parts = parts;
    this.#folder = folder;
    this.#seed = seed;
  }

  async play(): Promise<void> {
    await this.#first(await this.#start());
    await this.#second(await this.#start());
    await this.#third(await this.#start());
    const last = await this.#start();
    await this.#settle(last);
    await last.flushed();
    await last.kill();
  }

  /** Messages, a full journal, trimming; killed while a seal is under way. */
  async #first(node: ModelNode): Promise<void> {
    await this.#send(node, 40);
    await node.flushed();
    node.journal.fullTimes = 1;
    await this.#send(node, 40);
    await node.decoded();
    node.trim();
    await node.sealUnderWay();
    await node.kill();
  }

  /** What is unacknowledged comes again; killed with a tail that was written and not synced. */
  async #second(node: ModelNode): Promise<void> {
    await this.#settle(node);
    await this.#send(node, 40);
    await node.flushed();
    await this.#sendUnsynced(node);
    await node.kill();
  }

  /** The recovered tail is served and sealed; then power fails before anything else is synced. */
  async #third(node: ModelNode): Promise<void> {
    await node.flushed();
    await node.kill();
    this.#disk.cut();
    const next = await this.#start();
    await this.#settle(next);
    await next.flushed();
    await this.#sendUnsynced(next);
    await next.kill();
    this.#disk.cut();
  }

  async #start(): Promise<ModelNode> {
    this.#starts += 1;
    this.#clock.advance(1_000);
    return ModelNode.start(
      this.#parts,
      this.#disk,
      this.#folder,
      this.#clock,
      this.#seed * 100 + this.#starts,
    );
  }

  async #send(node: ModelNode, count: number): Promise<void> {
    await node.publish(this.#sender.next(count));
  }

  /** Messages that are written and not synced before the next crash. */
  async #sendUnsynced(node: ModelNode): Promise<void> {
    node.journal.isHeld = true;
    void node.publish(this.#sender.next(30));
    for (let i = 0; i < 50; i++) await turn();
  }

  /** A reconnect: what is unacknowledged is published again. */
  async #settle(node: ModelNode): Promise<void> {
    await node.publish(this.#sender.unacked());
  }

  report(): VerifyReport {
    const path = join(this.#folder, 'sent.ledger');
    writeFileSync(path, this.#sender.ledger());
    const sent = new SentBook();
    sent.addFile(path);
    const damage: string[] = [];
    const tell = (told: string): number => damage.push(told);
    return judge({
      sent,
      store: readStore(join(this.#folder, 'default'), sent, tell),
      journal: journalContents(this.#disk.files(), sent, tell),
      damage,
    });
  }
}
