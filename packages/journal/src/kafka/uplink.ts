import type { Clock, Disk, Logger, Meter, Random, Timer, Tracer } from '@skerry/kernel';
import { JournalError } from '../errors.ts';
import type { Journal, Offset } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import type { KafkaClient } from './kafka-client.ts';
import { kafkaFault } from './kafka-fault.ts';
import { type ProducedPart, RecordProducer } from './record-producer.ts';
import { DEAD_LETTER_TOPIC, type TopicLayout } from './topic-layout.ts';
import type { TopicWeakness, TopicWish } from './topics.ts';
import { type KafkaLoss, lossWords, tellLoss, type UplinkMemory } from './uplink-memory.ts';
import { type UplinkLag, UplinkMeters } from './uplink-meters.ts';
import {
  isPassing,
  type PositionFile,
  type UplinkState,
  writeUplinkMarks,
  writeUplinkState,
} from './uplink-position.ts';
import { RoundBuilder, type RoundPart, type UplinkRound } from './uplink-round.ts';
import { uplinkStart } from './uplink-start.ts';
import { type TopicLeast, UplinkTopics } from './uplink-topics.ts';
import { UplinkTrace } from './uplink-trace.ts';
import { UplinkWalk } from './uplink-walk.ts';

/** Nothing is given up: dead letters wait until somebody allows larger ones. */
const CURE =
  'What waits behind it goes on when max.message.bytes of this topic, and of the brokers, allows the record.';

/** How an uplink sends. */
export interface UplinkOptions {
  readonly layout: TopicLayout;
  /** What topics are made like, and what existing ones are measured by. */
  readonly topics: Omit<TopicWish, 'name'>;
  /** What a topic has to have for anything to be sent there; while it has less, records wait. Nothing when absent. */
  readonly least?: TopicLeast;
  /** Where the position is kept; without one it is kept in memory only, for a journal that lives no longer. */
  readonly positionFile?: PositionFile;
  /** Name of the consumer in the journal; `uplink` when absent. */
  readonly consumer?: string;
}

/** What an uplink works with. */
export interface UplinkNeeds {
  readonly journal: Pick<Journal, 'id' | 'start' | 'end' | 'read' | 'waitBeyond' | 'commit'>;
  readonly client: KafkaClient;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Pick<Random, 'float'>;
  readonly logger: Logger;
  readonly meter: Meter;
  /** Told of the records that are followed; absent where nothing is traced. */
  readonly tracer?: Tracer | undefined;
}

/** Whether records get through. */
export type UplinkCondition =
  | { readonly is: 'connected' }
  | { readonly is: 'waiting'; readonly reason: string; readonly code: string };

/** The way of a journal's records into Kafka. */
export interface Uplink extends AsyncDisposable {
  /** Offset behind the last record that Kafka has taken (acks=all), or that was not for Kafka. */
  readonly position: Offset;
  /** The same, where it is known to outlive the process; the journal has heard of it. */
  readonly committedPosition: Offset;
  readonly condition: UplinkCondition;
  /** What existing topics keep weaker than wished. */
  readonly weaknesses: readonly TopicWeakness[];
  lag(): UplinkLag;
  /** Resolves when everything that was durable in the journal at the call is in Kafka and the position is durable. Rejects when the uplink ends first. */
  flush(): Promise<Offset>;
  /** Installs the one listener that is told each new `position`. */
  onPosition(listener: (position: Offset) => void): void;
  /** Rejects with the reason when the uplink cannot go on (the journal or the disk failed); resolves when it was disposed. Kafka alone never ends it. */
  readonly ended: Promise<void>;
}

/**
 * Sends a journal's records to Kafka, as a mandatory consumer of it, from the position in the file on: in order for
 * each key, at least once, each with an origin that a repetition has too. Kafka may be away at the start. Fails with
 * `journal-damaged` and `offset-trimmed` when journal and position do not belong together.
 */
export async function openUplink(options: UplinkOptions, needs: UplinkNeeds): Promise<Uplink> {
  const { state, memory } = uplinkStart(options, needs);
  const uplink = new RunningUplink(options, needs, state, memory);
  uplink.start();
  return uplink;
}

class RunningUplink implements Uplink {
  readonly ended: Promise<void>;
  readonly #options: UplinkOptions;
  readonly #needs: UplinkNeeds;
  readonly #consumer: string;
  readonly #producer: RecordProducer;
  readonly #builder: RoundBuilder;
  readonly #meters: UplinkMeters;
  readonly #memory: UplinkMemory;
  readonly #walk: UplinkWalk;
  readonly #stop = new AbortController();
  readonly #topics: UplinkTopics;
  /** By topic: numbers of the next records behind `position`. */
  readonly #numbers: Map<string, number[]>;
  readonly #refusals = new Map<Offset, string>();
  #isClean = false;
  #condition: UplinkCondition = {
    is: 'waiting',
    reason: 'Kafka has not answered yet',
    code: 'kafka-unreachable',
  };
  #position: Offset;
  #committed: Offset;
  #oldestMicros = 0;
  /** Records up to here were sent one batch each in search of the one that Kafka refuses. */
  #carefulUntil: Offset = 0;
  #loss: KafkaLoss | undefined;
  #saving: Timer | undefined;
  #waiters: { readonly upTo: Offset; resolve(position: Offset): void; reject(error: unknown): void }[] = [];
  #failure: unknown;
  #onPosition: (position: Offset) => void = () => undefined;
  #settleEnded: (error?: unknown) => void = () => undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(options: UplinkOptions, needs: UplinkNeeds, state: UplinkState, memory: UplinkMemory) {
    this.#memory = memory;
    this.#walk = new UplinkWalk(needs.journal, state.position);
    this.#options = options;
    this.#needs = needs;
    this.#consumer = options.consumer ?? 'uplink';
    this.#position = this.#committed = state.position;
    this.#numbers = new Map(Object.entries(state.numbers).map(([topic, next]) => [topic, [...next]]));
    this.#topics = new UplinkTopics(options, {
      ...needs,
      numbers: this.#numbers,
      // nothing behind the first position was sent by the life before
      mayRespread: state.isClean,
      onWaiting: (reason) => this.#wait(reason),
      onReady: () => this.#connectAgain(),
    });
    const trace = needs.tracer && new UplinkTrace(needs.tracer, needs.clock);
    this.#builder = new RoundBuilder(options.layout, this.#topics.spreads, needs.journal.id, trace);
    this.#builder.begin(state.position);
    this.#meters = new UplinkMeters(needs.meter, needs.clock, () => this.lag());
    this.#producer = new RecordProducer(needs.client, {
      onWaiting: (reason) => this.#wait(reason),
      makeTopic: (name) => this.#topics.makeAgain(name),
      cureOf: (topic) => (topic === DEAD_LETTER_TOPIC ? CURE : undefined),
      verify: () => this.#verify(),
    });
    this.ended = new Promise((resolve, reject) => {
      this.#settleEnded = (error) => (error === undefined ? resolve() : reject(error));
    });
    // whoever does not look at it has the rejections of `flush`
    this.ended.catch(() => undefined);
  }

  get position(): Offset {
    return this.#position;
  }

  get committedPosition(): Offset {
    return this.#committed;
  }

  get condition(): UplinkCondition {
    return this.#condition;
  }

  get weaknesses(): readonly TopicWeakness[] {
    return this.#topics.weaknesses;
  }

  start(): void {
    this.#tellJournal();
    this.#running = this.#run().then(
      () => this.#settleEnded(),
      (error: unknown) => this.#fail(error),
    );
  }

  lag(): UplinkLag {
    const { journal, clock } = this.#needs;
    const records = Math.max(0, journal.end - this.#position);
    const age = this.#oldestMicros === 0 ? 0 : (clock.nowMicros() - this.#oldestMicros) / 1_000_000;
    return { records, seconds: records === 0 ? 0 : Math.max(0, age) };
  }

  flush(): Promise<Offset> {
    return new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#waiters.push({ upTo: this.#needs.journal.end, resolve, reject });
      this.#answerWaiters();
    });
  }

  onPosition(listener: (position: Offset) => void): void {
    this.#onPosition = listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#stop.signal.aborted) this.#stop.abort();
    await this.#running;
    this.#saving?.[Symbol.dispose]();
    if (this.#failure === undefined) {
      this.#save('last');
      const closed = new JournalError('journal-closed', 'Cannot send to Kafka: the uplink has been closed.');
      for (const one of this.#waiters.splice(0)) one.reject(closed);
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    await this.#topics.open(signal);
    let sending: Promise<ProducedPart[]> | undefined;
    let sent: UplinkRound | undefined;
    while (!signal.aborted) {
      const round = await this.#prepare();
      if (sending && sent) {
        const outcome = await this.#outcome(sending);
        if (!outcome) return;
        sending = undefined;
        if (outcome === 'forgot') continue;
        // what was made ready meanwhile is numbered behind what was refused
        if (!this.#settle(sent, outcome)) continue;
      }
      if (!round) await this.#idle(signal);
      else if (round.parts.length === 0) this.#advance(round);
      else {
        await this.#topics.untilStrong(signal);
        if (signal.aborted) break;
        sent = round;
        this.#oldestMicros = round.firstMicros;
        this.#meters.sending();
        this.#builder.trace?.sending();
        sending = this.#producer.send(round.parts, signal);
        // it is awaited after the next round is made ready
        sending.catch(() => undefined);
      }
    }
    const outcome = sending && (await this.#outcome(sending));
    const isSettled = sent !== undefined && Array.isArray(outcome) && this.#settle(sent, outcome);
    this.#isClean = !sending || isSettled;
  }

  /** Undefined when the uplink was stopped meanwhile; `forgot` when it has gone back, since Kafka has lost records. */
  async #outcome(sending: Promise<ProducedPart[]>): Promise<ProducedPart[] | 'forgot' | undefined> {
    try {
      return await sending;
    } catch (error) {
      if (this.#stop.signal.aborted) return undefined;
      if (!(this.#loss && error instanceof JournalError && error.code === 'kafka-forgot')) throw error;
      this.#goBack(this.#loss);
      return 'forgot';
    }
  }

  /** Waits for records, with a look at what Kafka has from time to time. */
  async #idle(signal: AbortSignal): Promise<void> {
    const over = new AbortController();
    const { clock, journal } = this.#needs;
    const stop = AbortSignal.any([signal, over.signal]);
    const looking = clock.sleep(LIMITS.kafkaLookEveryMs.value, stop).then(() => 'look' as const);
    const first = await Promise.race([journal.waitBeyond(this.#walk.read, stop), looking]);
    over.abort();
    if (first !== 'look' || signal.aborted) return;
    try {
      await this.#verify();
      const weak = await this.#topics.lookForWeak();
      if (weak) this.#wait(weak);
      else this.#connectAgain();
    } catch (error) {
      const fault = kafkaFault('ask Kafka what it has', error);
      if (fault.code === 'kafka-forgot' && this.#loss) this.#goBack(this.#loss);
      else this.#wait(fault);
    }
  }

  /** Fails with `kafka-forgot` when Kafka does not have what it acknowledged. */
  async #verify(): Promise<void> {
    this.#loss = await this.#memory.look(this.#needs.client);
    if (this.#loss) throw new JournalError('kafka-forgot', lossWords(this.#loss), {});
  }

  /** Sends again what Kafka has lost, as far as the journal has it. */
  #goBack(loss: KafkaLoss): void {
    const mark = this.#memory.backFor(loss, this.#needs.journal.start);
    const again = mark ? this.#position - mark.position : 0;
    this.#meters.lost(again, mark !== undefined && mark === loss.mark);
    tellLoss(this.#needs, loss, again, mark);
    this.#loss = undefined;
    this.#producer.forget();
    this.#memory.backTo(mark, loss);
    if (mark) {
      for (const [topic, next] of this.#numbers)
        this.#numbers.set(topic, [...(mark.numbers[topic] ?? next.map(() => 0))]);
      this.#position = mark.position;
    }
    this.#rewind();
    this.#save('back');
  }

  /** Takes note of what became of a round; false when it has to be made again without what Kafka refuses. */
  #settle(round: UplinkRound, produced: readonly ProducedPart[]): boolean {
    const refused = produced.filter((one) => one.refusal !== undefined);
    this.#memory.taken(produced);
    if (refused.length === 0) {
      this.#builder.trace?.sent(produced, (part) => (part as RoundPart).traced); // parts of a round went in
      this.#advance(round);
      return true;
    }
    for (const one of refused) this.#noteRefusal(one);
    this.#rewind();
    return false;
  }

  #noteRefusal({ part, refusal, refusedIndexes }: ProducedPart): void {
    const { topic, offsets } = part as RoundPart; // parts of a round went in
    const reason = String(refusal?.facts.kafka ?? 'refused')
      .toLowerCase()
      .replaceAll('_', '-');
    const last = Number(offsets.at(-1));
    // the next round sets aside all that is for it
    if (this.#options.layout.isRefused(topic)) return;
    const places = offsets.length === 1 ? [0] : refusedIndexes;
    const culprits = places.map((i) => offsets.at(i)).filter((offset) => offset !== undefined);
    for (const offset of culprits) {
      this.#refusals.set(offset, reason);
      this.#needs.logger.log('error', 'Kafka refuses a record; it goes to the dead letters', {
        topic,
        offset,
        reason,
      });
    }
    if (culprits.length > 0) return;
    this.#builder.recordsMax = Math.max(1, Math.floor(offsets.length / 2));
    this.#carefulUntil = Math.max(this.#carefulUntil, last + 1);
  }

  #advance(round: UplinkRound): void {
    for (const [topic, partition, next] of round.numbers) {
      const numbers = this.#numbers.get(topic);
      if (numbers) numbers[partition] = next;
    }
    this.#position = round.to;
    this.#oldestMicros = 0;
    for (const offset of this.#refusals.keys()) if (offset < round.to) this.#refusals.delete(offset);
    if (round.to >= this.#carefulUntil) this.#builder.recordsMax = LIMITS.kafkaRoundRecords.value;
    if (round.parts.length > 0) this.#connect();
    this.#memory.reached(round.to, this.#numbers);
    this.#meters.sent(round.records, round.firstMicros);
    for (const reason of round.dead) this.#meters.refused(reason);
    this.#builder.giveBack(round);
    this.#onPosition(round.to);
    const { clock } = this.#needs;
    this.#saving ??= clock.startTimer(LIMITS.kafkaPositionMs.value, () => {
      this.#saving = undefined;
      try {
        this.#save();
      } catch (error) {
        this.#fail(error);
      }
    });
    if (this.#waiters.length > 0) this.#answerWaiters();
  }

  /** Goes back to `position`: numbers and records. */
  #rewind(): void {
    for (const [topic, spread] of this.#topics.spreads) {
      const numbers = this.#numbers.get(topic) ?? [];
      for (let i = 0; i < spread.next.length; i++) spread.next[i] = numbers[i] ?? 0;
    }
    this.#walk.goTo(this.#position);
    this.#builder.begin(this.#position);
  }

  /** The next round; undefined when every durable record was looked at. */
  async #prepare(): Promise<UplinkRound | undefined> {
    for (;;) {
      const record = this.#walk.record();
      if (!record) {
        if (await this.#walk.load()) continue;
        return this.#builder.close();
      }
      const answer = this.#builder.add(record, this.#refusals);
      if (answer === 'full') return this.#builder.close();
      if (answer === 'taken') this.#walk.taken();
      else await this.#topics.meet(answer.unknownTopic, this.#stop.signal);
      if (this.#stop.signal.aborted) return undefined;
    }
  }

  #wait(reason: JournalError): void {
    if (this.#condition.is === 'connected')
      this.#needs.logger.log('warn', 'Kafka does not take records; they wait', { reason: reason.message });
    this.#condition = { is: 'waiting', reason: reason.message, code: reason.code };
    this.#meters.waiting();
  }

  #connectAgain(): void {
    if (this.#condition.is === 'waiting') this.#connect();
  }

  #connect(): void {
    if (this.#condition.is === 'waiting') this.#needs.logger.log('info', 'Kafka takes records', {});
    this.#condition = { is: 'connected' };
    this.#meters.connected();
  }

  /** Makes the position durable, then tells the journal. A full disk only puts it off. */
  #save(reason?: 'last' | 'back'): void {
    const { positionFile, layout } = this.#options;
    const { journal, disk, logger } = this.#needs;
    if (this.#committed === this.#position && !reason) return;
    const position = this.#position;
    const numbers = Object.fromEntries(this.#numbers);
    const isClean = reason === 'last' && this.#isClean;
    const { acknowledged } = this.#memory;
    const { fingerprint } = layout;
    const state = { journalId: journal.id, position, fingerprint, numbers, isClean, acknowledged };
    try {
      if (positionFile) writeUplinkState(disk, positionFile, state);
      if (positionFile && (reason || this.#memory.isFileDue()))
        writeUplinkMarks(disk, positionFile, { journalId: journal.id, marks: this.#memory.marks });
    } catch (error) {
      if (!isPassing(error)) throw error;
      logger.log('warn', 'The position of the uplink could not be written', { reason: String(error) });
      return;
    }
    this.#committed = position;
    this.#tellJournal();
    if (this.#waiters.length > 0) this.#answerWaiters();
  }

  /** What was acknowledged a short time ago is held, where there is a disk to hold it on. */
  #tellJournal(): void {
    const { positionFile } = this.#options;
    const position = positionFile ? this.#memory.floor(this.#committed) : this.#committed;
    this.#needs.journal.commit({ name: this.#consumer, isMandatory: true, position });
  }

  #answerWaiters(): void {
    const due = (): boolean => this.#waiters.some(({ upTo }) => upTo <= this.#position);
    if (due() && this.#committed < this.#position) {
      this.#saving?.[Symbol.dispose]();
      this.#saving = undefined;
      this.#save();
    }
    const done = this.#waiters.filter(({ upTo }) => upTo <= this.#committed);
    this.#waiters = this.#waiters.filter(({ upTo }) => upTo > this.#committed);
    for (const one of done) one.resolve(this.#committed);
  }

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#stop.abort();
    this.#saving?.[Symbol.dispose]();
    for (const one of this.#waiters.splice(0)) one.reject(error);
    this.#settleEnded(error);
  }
}
