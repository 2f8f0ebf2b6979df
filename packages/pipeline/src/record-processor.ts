import { HEADER, RECORD_KIND } from '@skerry/journal';
import { isDotSegment, PROJECT_DEVICE, type Verdict } from '@skerry/model';
import { type Account, accountOf, type DeviceState, type ProjectState } from './catalogue.ts';
import type { OpenLetter } from './dead-letter-book.ts';
import { tooMany } from './decode-fault.ts';
import { DecodedRecord, NO_UNITS } from './decoded-record.ts';
import { PayloadReader } from './decoders/payload-reader.ts';
import { hashMessage, type MessageHash } from './dedupe-window.ts';
import { eventMicros, isEventTimeAccepted } from './event-time.ts';
import { kafkaRefusalOf } from './kafka-refusal.ts';
import { LIMITS } from './limits.ts';
import type { ProcessorCounts, ProcessorNeeds, Refusal } from './processor-needs.ts';
import type { RecordCursor } from './record-cursor.ts';
import type { SealDraft } from './seal-draft.ts';
import { type SeriesFault, SeriesResolver } from './series-resolver.ts';
import { SparkplugLives } from './sparkplug-lives.ts';
import { SpeakerBook } from './speaker-book.ts';
import { MessageWriter } from './stages/message-writer.ts';
import { messagesOf } from './stages/record-messages.ts';
import { StageEngine } from './stages/stage-engine.ts';
import type { StagePlan } from './stages/stage-set.ts';
import { TopicEntries, type TopicEntry } from './topic-entries.ts';

/** What became of a record that was decoded; `no-room`: nothing changed, the head has no room for it. */
type Settlement = Refusal | 'stored' | 'empty' | 'filtered' | 'deduplicated' | 'no-room';

/** Gives each journal record, in log order, its verdict, and the draft what follows from it. */
export class RecordProcessor {
  readonly counts: ProcessorCounts = {
    records: 0,
    points: 0,
    timeCorrected: 0,
    seqResets: 0,
    replaysRefused: 0,
    repeated: 0,
    deadLettered: {},
  };
  /** Telemetry records given a verdict over the journal's life. */
  telemetryPosition: number;
  readonly #needs: ProcessorNeeds;
  readonly #record = new DecodedRecord();
  readonly #payloads: PayloadReader;
  readonly #lives: SparkplugLives;
  readonly #topics: TopicEntries;
  readonly #resolver: SeriesResolver;
  readonly #speakers: SpeakerBook;
  readonly #engine = new StageEngine();
  readonly #writer = new MessageWriter();
  /** The device of the record's first element as it was sent. */
  #sender = '';
  readonly #hash: MessageHash = { idLow: 0, idHigh: 0, payload: 0 };
  #projects: ProjectState[] = [];
  #noProject: ProjectState | undefined;

  constructor(needs: ProcessorNeeds, telemetryPosition: number) {
    this.#needs = needs;
    this.telemetryPosition = telemetryPosition;
    this.#payloads = new PayloadReader(this.#record, needs.sparkplug);
    this.#lives = new SparkplugLives(needs);
    this.#topics = new TopicEntries(needs.route, this.#payloads.json);
    this.#speakers = new SpeakerBook(needs.sessions);
    this.#resolver = new SeriesResolver(needs.catalogue, this.#record);
  }

  /** Tells which projects the next records name. */
  beginBatch(record: RecordCursor): void {
    this.#projects = record.projects.map(({ tenant, project }) =>
      this.#needs.catalogue.project(tenant, project),
    );
  }

  /** Gives the record its verdict; false, and nothing changed, when the draft's head has no room for it. */
  process(record: RecordCursor, draft: SealDraft): boolean {
    const { kind } = record;
    const isTelemetry = kind === RECORD_KIND.telemetry || kind === RECORD_KIND.misrouted;
    const isSeen = this.#needs.origins.isSeen(record);
    if (isSeen) this.counts.repeated++;
    if (isTelemetry) {
      if (isSeen) this.#repeated(record, draft);
      else if (!this.#telemetry(record, draft)) return false;
      this.telemetryPosition++;
      this.counts.records++;
    } else if (isSeen) draft.verdict('none');
    else {
      if (kind === RECORD_KIND.replay && !this.#replay(record, draft)) return false;
      if (kind === RECORD_KIND.discard) this.#discard(record, draft);
      if (kind === RECORD_KIND.pipeline) {
        const author = record.header(HEADER.author) ?? '';
        this.#needs.stages.change(record.payload, record.offset, author, record.receivedMicros);
      }
      if (kind === RECORD_KIND.session) this.#needs.sessions.note(record, draft.sessions);
      draft.verdict('none');
    }
    if (record.receivedMicros > draft.logTimeMicros) draft.logTimeMicros = record.receivedMicros;
    this.#needs.origins.settle(isTelemetry);
    return true;
  }

  /** A record that a gateway has sent again; whose it is was counted when it came first. */
  #repeated(record: RecordCursor, draft: SealDraft): void {
    const owner = this.#ownerOf(record);
    this.#needs.origins.noteRepeat(owner);
    count(draft, owner, accountOf(owner, ''), 'deduplicated');
    draft.verdict('deduplicated');
  }

  /** Gives up dead letters that the policy no longer keeps. */
  expire(draft: SealDraft, nowMicros: number): void {
    for (const letter of this.#needs.letters.expired(nowMicros)) {
      this.#move(letter, 'expired', draft);
      draft.changes.push({
        offset: letter.offset,
        state: 'expired',
        author: 'policy',
        changedMicros: nowMicros,
      });
    }
  }

  #telemetry(record: RecordCursor, draft: SealDraft): boolean {
    const owner = this.#ownerOf(record);
    const topic = this.#topics.of(record);
    const refusal = kafkaRefusalOf(record);
    const verdict =
      refusal ??
      this.#decode(record, topic, record.offset, record.receivedMicros) ??
      this.#settle(record, topic, owner, draft, record.offset, record.receivedMicros);
    if (verdict === 'no-room') return false;
    if (typeof verdict === 'object') this.#setAside(record, topic, owner, draft, verdict);
    else draft.verdict(verdict);
    const isApplied = !refusal && verdict !== 'deduplicated';
    const step = isApplied ? this.#payloads.sparkplug?.step : undefined;
    if (step) this.#lives.commit(step, record, draft);
    return true;
  }

  /** Offers an open dead letter again; what cannot be taken stays open. False when the head has no room. */
  #replay(record: RecordCursor, draft: SealDraft): boolean {
    const letter = this.#needs.letters.get(Number(record.header(HEADER.replayOf) ?? -1));
    if (!letter) return true;
    const topic = this.#topics.of(record);
    const verdict =
      this.#decode(record, topic, letter.offset, letter.receivedMicros) ??
      this.#settle(record, topic, letter.owner, draft, letter.offset, letter.receivedMicros);
    if (verdict === 'no-room') return false;
    if (typeof verdict === 'object') {
      this.counts.replaysRefused++;
      return true;
    }
    this.#move(letter, undefined, draft);
    this.#change(record, letter, 'replayed', draft);
    return true;
  }

  #discard(record: RecordCursor, draft: SealDraft): void {
    const letter = this.#needs.letters.get(Number(record.header(HEADER.replayOf) ?? -1));
    if (!letter) return;
    this.#move(letter, 'discarded', draft);
    this.#change(record, letter, 'discarded', draft);
  }

  #change(record: RecordCursor, letter: OpenLetter, state: 'replayed' | 'discarded', draft: SealDraft): void {
    draft.changes.push({
      offset: letter.offset,
      state,
      author: record.header(HEADER.author) ?? '',
      changedMicros: record.receivedMicros,
    });
  }

  /** Takes a letter out of dead-lettered, into `verdict` where it was not counted there already. */
  #move(letter: OpenLetter, verdict: 'discarded' | 'expired' | undefined, draft: SealDraft): void {
    const account = accountOf(letter.owner, letter.device);
    account.deadLettered--;
    letter.owner.totals.deadLettered--;
    draft.touch(account);
    if (verdict) count(draft, letter.owner, account, verdict);
    this.#needs.letters.remove(letter.offset);
  }

  /** `offset` and `receivedMicros` are those of the dead letter where a replay brings it again. */
  #decode(
    record: RecordCursor,
    topic: TopicEntry,
    offset: number,
    receivedMicros: number,
  ): Refusal | undefined {
    const { route } = topic;
    this.#payloads.sparkplug = undefined;
    if (route.kind !== 'telemetry' || record.kind === RECORD_KIND.misrouted) {
      const why = record.topic.split('/').some(isDotSegment)
        ? ': `.` and `..` are no ids of a tenant, project or device'
        : '';
      const detail = `The topic ${record.topic.slice(0, 200)} lies under a telemetry prefix and fits no template${why}.`;
      return { reason: 'unknown-topic', detail, stage: 'route' };
    }
    const bound = record.boundDevice;
    const required = bound ?? (route.isDeviceRequired ? route.device : undefined);
    const decode = this.#planOf(topic)?.decode;
    const fault = this.#payloads.readRecord(record, route, topic.root, decode, offset, receivedMicros);
    if (fault) return { reason: fault.reason, detail: fault.detail, stage: 'decode' };
    const { elements, elementCount } = this.#record;
    topic.owner ??= this.#needs.catalogue.project(route.tenant, route.project);
    const { owner } = topic;
    this.#resolver.begin();
    for (let i = 0; i < elementCount; i++) {
      const element = elements[i];
      const id = required ?? element?.device ?? route.device ?? PROJECT_DEVICE;
      const isTopics = id === route.device;
      const device = (isTopics ? topic.device : undefined) ?? owner.devices.get(id);
      if (isTopics) topic.device = device;
      let micros = receivedMicros;
      let isCorrected = false;
      if (element?.time !== undefined) {
        const told = eventMicros(element.time);
        isCorrected = !isEventTimeAccepted(told, receivedMicros);
        if (!isCorrected) micros = told;
      }
      this.#resolver.element(i, owner, id, device, micros, isCorrected);
    }
    this.#sender = this.#resolver.ids[0] ?? '';
    return undefined;
  }

  /** The declared stages in force for a topic. */
  #planOf(topic: TopicEntry): StagePlan | undefined {
    const { stages } = this.#needs;
    if (topic.planGeneration !== stages.generation) {
      topic.planGeneration = stages.generation;
      const { tenant, project } = topic.route;
      const text = topic.bytes.toString();
      topic.plan = stages.plan(tenant, project, text);
      topic.text = topic.plan ? text : '';
    }
    return topic.plan;
  }

  /** Takes the decoded record through its stages; what is left of it stands in its place. A refusal has changed nothing. */
  #stage(
    plan: StagePlan,
    record: RecordCursor,
    topic: TopicEntry,
    receivedMicros: number,
  ): Refusal | 'stored' | 'filtered' {
    const resolver = this.#resolver;
    const { tenant, project } = topic.route;
    const owner = topic.owner ?? this.#needs.catalogue.project(tenant, project);
    if (!owner.devices.has(this.#sender) && !this.#needs.catalogue.hasRoomForDevices(owner, 1))
      return {
        reason: 'series-limit',
        detail: `There is no room for the device ${this.#sender}.`,
        stage: 'store',
      };
    const attributes = new Map<string, string>();
    if (record.payloadStart > record.headersStart)
      record.userProperties((name, value) => attributes.set(name, value));
    const facts = { tenant, project, topic: topic.text, receivedMicros, attributes };
    const messages = messagesOf(this.#record, facts, resolver.ids, resolver.times);
    const outcome = this.#engine.judge(plan, record.offset, messages);
    if ('detail' in outcome) return { reason: 'stage-failed', detail: outcome.detail, stage: outcome.stage };
    if (!this.#writer.write(outcome.messages, this.#record)) {
      this.#engine.rollBack();
      const { detail } = tooMany('points or bytes of text behind its stages');
      return { reason: 'too-many-points', detail, stage: 'store' };
    }
    if (!plan.keepsUnits) this.#record.units = NO_UNITS;
    const isCorrected = resolver.isTimeCorrected;
    resolver.begin();
    for (const [i, { device, timeMicros }] of outcome.messages.entries())
      resolver.element(i, owner, device, owner.devices.get(device), timeMicros, isCorrected);
    resolver.isTimeCorrected = isCorrected;
    return outcome.own > 0 ? 'stored' : 'filtered';
  }

  /** Deduplicates or stores a decoded record; `offset` is its identity. */
  #settle(
    record: RecordCursor,
    topic: TopicEntry,
    ledgerOwner: ProjectState,
    draft: SealDraft,
    offset: number,
    receivedMicros: number,
  ): Settlement {
    const resolver = this.#resolver;
    const isNumbered = this.#ownId(record);
    const first = resolver.devices[0];
    const familiarity = isNumbered && first?.window ? first.window.find(this.#hash) : 'new';
    if (first && familiarity === 'duplicate') {
      count(draft, ledgerOwner, this.#accountOf(ledgerOwner, first), 'deduplicated');
      return 'deduplicated';
    }
    const plan = this.#planOf(topic);
    const staged = plan ? this.#stage(plan, record, topic, receivedMicros) : 'stored';
    if (typeof staged === 'object') return staged;
    if (!draft.head.hasRoom(this.#record.count, this.#record.textBytes)) {
      if (plan) this.#engine.rollBack();
      return 'no-room';
    }
    const fault: SeriesFault | undefined = resolver.resolve(draft);
    if (fault) {
      if (plan) this.#engine.rollBack();
      return { reason: 'series-limit', detail: fault.detail, stage: 'store' };
    }
    if (plan) this.#engine.settle();
    const device = plan ? this.#senderOf(topic, receivedMicros) : resolver.devices[0];
    if (!device) return 'stored';
    if (topic.device === undefined && device.device === topic.route.device) topic.device = device;
    const account = this.#accountOf(ledgerOwner, device);
    count(draft, ledgerOwner, account, staged);
    if (resolver.isTimeCorrected) {
      account.timeCorrected++;
      this.counts.timeCorrected++;
    }
    this.#number(device, account, isNumbered, familiarity === 'other-payload', receivedMicros, draft);
    this.#append(draft, offset, record, receivedMicros);
    return staged === 'stored' && this.#record.count === 0 ? 'empty' : staged;
  }

  /** The device that sent a staged record: its account and numbering are its own, whatever the stages made of it. */
  #senderOf({ route, owner }: TopicEntry, receivedMicros: number): DeviceState {
    const { catalogue } = this.#needs;
    const project = owner ?? catalogue.project(route.tenant, route.project);
    const device = project.devices.get(this.#sender) ?? catalogue.addDevice(project, this.#sender);
    device.account.lastSeenMicros = Math.max(device.account.lastSeenMicros, receivedMicros);
    return device;
  }

  /** Follows the device's own numbering. */
  #number(
    device: DeviceState,
    account: Account,
    isNumbered: boolean,
    isOtherPayload: boolean,
    receivedMicros: number,
    draft: SealDraft,
  ): void {
    if (!isNumbered) return;
    const { catalogue } = this.#needs;
    const { seq, epoch = '' } = this.#record;
    const window = catalogue.windowOf(device);
    window.add(this.#hash, Math.floor(receivedMicros / 1e6), catalogue.windowEntriesMax);
    if (window.freshCount === 1) draft.windows.add(device);
    let isReset = isOtherPayload;
    if (seq !== undefined) {
      device.sequence ??= this.#resolver.newTracker();
      isReset = device.sequence.note(epoch, seq) === 'restart';
      if (device.sequence.draft !== draft.number) {
        device.sequence.draft = draft.number;
        draft.sequences.add(device);
      }
    }
    if (!isReset) return;
    account.seqResets++;
    this.counts.seqResets++;
  }

  #append(draft: SealDraft, offset: number, cursor: RecordCursor, receivedMicros: number): void {
    const record = this.#record;
    const cause = cursor.offset;
    const { latest, ring } = this.#needs;
    const { head } = draft;
    const { series, devices, times } = this.#resolver;
    let at = 0;
    for (let i = 0; i < record.elementCount; i++) {
      const end = Number(record.elements[i]?.end);
      const micros = Number(times[i]);
      const device = devices[i];
      if (device && this.#payloads.sparkplug) this.#lives.heard(device, receivedMicros, draft);
      else if (device) this.#speakers.heard(device, cursor, receivedMicros, draft);
      if (record.areNumbers) {
        head.appendNumbers(series, record.numbers, at, end, micros, offset);
        latest.noteNumbers(series, record.numbers, at, end, micros);
        ring.addNumbers(series, record.numbers, at, end, micros, cause);
        at = end;
        continue;
      }
      for (; at < end; at++) {
        const value = record.value(at);
        const id = Number(series[at]);
        head.append(id, micros, value, offset, at);
        latest.note(id, micros, value);
        ring.add(id, micros, value, cause, at);
      }
    }
    this.counts.points += record.count;
  }

  #setAside(
    record: RecordCursor,
    topic: TopicEntry,
    owner: ProjectState,
    draft: SealDraft,
    why: Refusal,
  ): void {
    const { headers } = record;
    const device = this.#refusedDevice(topic, owner, why, record);
    const payload = new Uint8Array(record.payload);
    const account = accountOf(owner, device);
    count(draft, owner, account, 'deadLettered');
    const { deadLettered } = this.counts;
    deadLettered[why.reason] = (deadLettered[why.reason] ?? 0) + 1;
    draft.verdict('deadLettered');
    draft.deadLetterBytes += payload.length + headers.length;
    const { offset, receivedMicros, client, qos } = record;
    const { tenant, project } = owner;
    const payloadBytes = payload.length;
    this.#needs.letters.add({ offset, receivedMicros, owner, device, reason: why.reason, payloadBytes });
    draft.deadLetters.push({
      offset,
      receivedMicros,
      tenant,
      project,
      device,
      topic: record.topic,
      client,
      reason: why.reason,
      detail: why.detail,
      stage: why.stage,
      payload,
      qos,
      state: 'open',
      author: '',
      changedMicros: 0,
      ...(headers.length > 0 && { headers: new Uint8Array(headers) }),
    });
  }

  /**
   * The device a refused record is counted for, account and letter alike: one that is known, else the one that publisher or
   * topic name, which becomes known by it while there is room. Known after a restart too, since it has an account.
   */
  #refusedDevice({ route }: TopicEntry, owner: ProjectState, why: Refusal, record: RecordCursor): string {
    const isDecoded = why.reason === 'stage-failed' || why.stage === 'store';
    const told = record.boundDevice ?? route.device;
    const id = isDecoded ? this.#sender : told;
    if (id === undefined) return '';
    if (owner.devices.has(id)) return id;
    const { catalogue } = this.#needs;
    const isTold = id === told && route.tenant === owner.tenant && route.project === owner.project;
    if (!isTold || !catalogue.hasRoomForLetterDevice(owner)) return '';
    catalogue.addDevice(owner, id).account.lastSeenMicros = record.receivedMicros;
    return id;
  }

  /** Whether the message has an id of its own; fills the hash. */
  #ownId(record: RecordCursor): boolean {
    const found = this.#record;
    if (record.payloadStart > record.headersStart) {
      record.userProperties((name, value) => {
        if (value.length > LIMITS.metricNameCharsMax.value) return;
        if (name === 'skerry-message-id') found.messageId = value;
        else if (name === 'skerry-epoch') found.epoch = value;
        else if (name === 'skerry-seq' && /^\d{1,16}$/.test(value) && Number.isSafeInteger(Number(value)))
          found.seq = Number(value);
      });
    }
    const { messageId, seq, epoch = '' } = found;
    if (messageId === undefined && seq === undefined) return false;
    const kind = messageId === undefined ? 's' : 'm';
    hashMessage(
      kind,
      epoch,
      messageId ?? String(seq),
      record.bytes,
      record.payloadStart,
      record.end,
      this.#hash,
    );
    return true;
  }

  #accountOf(owner: ProjectState, device: DeviceState): Account {
    return device.owner === owner ? device.account : accountOf(owner, device.device);
  }

  #ownerOf(record: RecordCursor): ProjectState {
    const owner = this.#projects[record.project];
    if (owner) return owner;
    this.#noProject ??= this.#needs.catalogue.project('', '');
    return this.#noProject;
  }
}

function count(draft: SealDraft, owner: ProjectState, account: Account, verdict: Verdict): void {
  if (verdict === 'stored') {
    // by far the most: members by their names are quicker than by a variable
    account.stored++;
    owner.totals.stored++;
    draft.touch(account);
    return;
  }
  account[verdict]++;
  owner.totals[verdict]++;
  draft.touch(account);
}
