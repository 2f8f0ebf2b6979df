import { hash } from 'node:crypto';
import type { DeviceKey } from '@skerry/model';
import type { JournalExtent } from './journal-folder.ts';
import type { JournalContents, JournalEntry, StoreExtent } from './kept.ts';
import { LIMITS } from './limits.ts';
import { messageMark } from './message-mark.ts';
import { type Finding, FindingList, type VerdictName, type VerifyReport } from './report.ts';
import { FLAG, type Lane, type SentBook } from './sent-book.ts';
import type { StoredRecord } from './stored-book.ts';

/** Everything that is compared. */
export interface Evidence {
  /** Used up: marks of what is found are made in it. */
  readonly sent: SentBook;
  readonly store: StoreExtent | undefined;
  readonly journal: JournalContents | undefined;
  /** Findings that were made while reading. */
  readonly damage: readonly string[];
  readonly findingsMax?: number;
}

/** Compares what was sent with what is kept: docs/formats/sender-ledger.md, `VERDICT_MEANINGS`. */
export function judge(evidence: Evidence): VerifyReport {
  return new Judge(evidence).report();
}

class Judge {
  readonly #evidence: Evidence;
  readonly #found: FindingList;
  readonly #pending = new Map<Lane, Set<number>>();
  #byHash: Map<string, { lane: Lane; seq: number }> | undefined;
  #storedRecords = 0;
  #journalRecords = 0;
  #wireDuplicates = 0;
  #pendingCount = 0;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#found = new FindingList(evidence.findingsMax ?? LIMITS.findingsMax.value);
  }

  report(): VerifyReport {
    const { store, journal: contents } = this.#evidence;
    if (store) this.#judgeStore(store);
    const journal = contents?.each((entry) => this.#judgeEntry(entry));
    if (store && journal) this.#judgeExtents(store, journal);
    const sent = this.#judgeMessages();
    // last: reading the journal may have added some
    for (const detail of this.#evidence.damage) this.#tell('damaged', {}, detail);
    const verdicts = this.#found.verdicts();
    const isClean = Object.entries(verdicts).every(
      ([name, { count }]) => count === 0 || name === 'refused-but-stored',
    );
    return {
      isClean,
      sent,
      kept: {
        journal: journal && {
          ...journalFigures(journal),
          records: this.#journalRecords,
          wireDuplicates: this.#wireDuplicates,
        },
        store: store && {
          position: store.position,
          seal: store.seal,
          files: store.files,
          records: this.#storedRecords,
          deadLetters: store.setAside.length,
        },
        pending: this.#pendingCount,
      },
      verdicts,
    };
  }

  #judgeStore(store: StoreExtent): void {
    for (const { device, points, offset } of store.unknown)
      this.#tell(
        'phantom',
        { device: shown(device), offset },
        `${points} points of a device that sent nothing`,
      );
    for (const record of store.book.records()) this.#judgeRecord(record);
    for (const letter of store.setAside) {
      const message = this.#messageOf(letter.payload);
      if (message) this.#note(message.lane, message.seq, letter.offset);
      else if (this.#evidence.sent.ofTopic(letter.topic))
        this.#tell('phantom', { offset: letter.offset }, 'a dead letter that nobody sent');
    }
    for (const { device, count } of store.seqResets) this.#judgeResets(device, count);
  }

  #judgeRecord(record: StoredRecord): void {
    this.#storedRecords += 1;
    const { device, offset, values, counts } = record;
    const [seq, mark, epoch] = values;
    const place = { device: shown(device), offset };
    if (record.isMixed) {
      this.#tell('corrupt', place, 'points of several devices have this offset');
      return;
    }
    if (counts.includes(0)) {
      this.#tell('corrupt', place, `stored in part: n ${counts[0]}, h ${counts[1]}, e ${counts[2]} times`);
      return;
    }
    const message = { ...place, epoch, seq };
    if (messageMark(device.seed, epoch, seq) !== mark) {
      this.#tell('corrupt', message, `its mark is ${mark} and not ${messageMark(device.seed, epoch, seq)}`);
      return;
    }
    const lane = device.lanes.get(epoch);
    if (!lane?.has(seq)) {
      this.#tell('phantom', message, 'stored, and never sent');
      return;
    }
    if (counts.some((count) => count > 1))
      this.#tell('dup-store', message, `its points are stored ${Math.max(...counts)} times`);
    this.#note(lane, seq, offset);
  }

  /** A message is accounted for at an offset; offsets of stored records come in order. */
  #note(lane: Lane, seq: number, offset: number): void {
    const count = Number(lane.stored[seq]);
    lane.stored[seq] = Math.min(255, count + 1);
    const place = { ...placeOf(lane, seq), offset };
    if (count > 0) {
      this.#tell('dup-resend', place, `stored before at offset ${Number(lane.offset[seq])}`);
      return;
    }
    lane.offset[seq] = offset;
    if (seq >= lane.highest) lane.highest = seq;
    else if ((Number(lane.flags[seq]) & FLAG.refused) === 0)
      this.#tell('order', place, `first stored behind seq ${lane.highest}`);
  }

  #judgeResets(key: DeviceKey, count: number): void {
    const device = this.#evidence.sent.ofKey(key);
    if (!device) return;
    const lanes = [...device.lanes.values()];
    const wasRefused = lanes.some((lane) => lane.flags.some((flags) => (flags & FLAG.refused) !== 0));
    if (wasRefused || count < lanes.length) return;
    const detail = `the store counts ${count} restarts of its numbering, the sender made ${lanes.length - 1}`;
    this.#tell('order', { device: shown(key) }, detail);
  }

  #judgeEntry(entry: JournalEntry): void {
    const { offset, payload } = entry;
    this.#journalRecords += 1;
    const device = this.#evidence.sent.ofTopic(entry.topic);
    if (!device) {
      this.#tell('phantom', { offset }, `journalled under the topic ${entry.topic}, never sent`);
      return;
    }
    const place = { device: shown(device), offset };
    const id = idOf(payload);
    if (!id) {
      this.#tell('corrupt', place, 'the payload in the journal is not one that was sent');
      return;
    }
    const message = { ...place, ...id };
    const lane = device.lanes.get(id.epoch);
    if (!lane?.has(id.seq)) {
      this.#tell('phantom', message, 'journalled, and never sent');
      return;
    }
    const digest = Buffer.from(hash('sha256', payload, 'latin1').slice(0, 8), 'latin1');
    if (!lane.hasHash(id.seq, digest.readUInt32LE(0), digest.readUInt32LE(4))) {
      this.#tell('corrupt', message, 'the payload in the journal has another hash than the one sent');
      return;
    }
    const count = Number(lane.journalled[id.seq]);
    lane.journalled[id.seq] = Math.min(255, count + 1);
    if (count > 0) this.#wireDuplicates += 1;
    this.#compareWithStore(entry, lane, id.seq);
  }

  #compareWithStore({ offset }: JournalEntry, lane: Lane, seq: number): void {
    const { store } = this.#evidence;
    if (!store || offset >= store.position) {
      const pending = this.#pending.get(lane) ?? new Set<number>();
      this.#pending.set(lane, pending.add(seq));
      return;
    }
    const stored = store.book.at(offset);
    if (!stored) return;
    const isSame =
      stored.device === lane.device && stored.values[0] === seq && stored.values[2] === lane.epoch;
    if (isSame) return;
    const detail = `the journal has this message at an offset where the store has ${shown(stored.device)} epoch ${stored.values[2]} seq ${stored.values[0]}`;
    this.#tell('corrupt', { ...placeOf(lane, seq), offset }, detail);
  }

  #judgeExtents(store: StoreExtent, journal: JournalExtent): void {
    if (store.journalId !== journal.journalId)
      this.#tell(
        'damaged',
        {},
        `the store follows the journal ${store.journalId}, here is ${journal.journalId}`,
      );
    if (store.position > journal.end)
      this.#tell(
        'damaged',
        {},
        `the store's position is ${store.position}, the journal ends at ${journal.end}`,
      );
    if (store.position < journal.start)
      this.#tell(
        'damaged',
        {},
        `the journal begins at ${journal.start}, the store's position is ${store.position}`,
      );
  }

  #judgeMessages() {
    const figures = {
      devices: this.#evidence.sent.devices.length,
      sent: 0,
      sentAgain: 0,
      acked: 0,
      refused: 0,
      unanswered: 0,
    };
    for (const device of this.#evidence.sent.devices) {
      for (const lane of device.lanes.values()) {
        for (let seq = 1; seq <= lane.last; seq++) {
          const flags = Number(lane.flags[seq]);
          if ((flags & FLAG.sent) === 0) continue;
          figures.sent += 1;
          if ((flags & FLAG.again) !== 0) figures.sentAgain += 1;
          if ((flags & FLAG.acked) !== 0) figures.acked += 1;
          else if ((flags & FLAG.refused) !== 0) figures.refused += 1;
          else figures.unanswered += 1;
          this.#judgeMessage(lane, seq, flags);
        }
      }
    }
    return figures;
  }

  #judgeMessage(lane: Lane, seq: number, flags: number): void {
    const isAcked = (flags & FLAG.acked) !== 0;
    const isStored = Number(lane.stored[seq]) > 0;
    const place = placeOf(lane, seq);
    if (isAcked && !isStored) {
      if (this.#pending.get(lane)?.has(seq)) this.#pendingCount += 1;
      else
        this.#tell(
          'lost',
          place,
          `acknowledged, not stored, ${lane.journalled[seq] ? 'though journalled' : 'not in the journal'}`,
        );
    }
    if (isAcked) return;
    if ((flags & FLAG.refused) === 0) this.#tell('stuck', place, 'neither acknowledged nor refused');
    else if (isStored)
      this.#tell('refused-but-stored', { ...place, offset: Number(lane.offset[seq]) }, 'refused, yet stored');
  }

  #messageOf(payload: Uint8Array): { lane: Lane; seq: number } | undefined {
    this.#byHash ??= this.#evidence.sent.byHash();
    return this.#byHash.get(hash('sha256', payload).slice(0, 16));
  }

  #tell(verdict: VerdictName, place: Omit<Finding, 'verdict' | 'detail'>, detail: string): void {
    this.#found.add({ verdict, ...place, detail });
  }
}

/** The id inside a payload, or undefined when it has none. */
function idOf(payload: Buffer): { epoch: number; seq: number } | undefined {
  let found: unknown;
  try {
    found = JSON.parse(payload.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof found !== 'object' || found === null || !('epoch' in found) || !('seq' in found))
    return undefined;
  const { epoch, seq } = found;
  return typeof epoch === 'number' && typeof seq === 'number' ? { epoch, seq } : undefined;
}

function journalFigures({ journalId, start, end, segments, tornBytes }: JournalExtent) {
  return { journalId, start, end, segments, tornBytes };
}

function placeOf(lane: Lane, seq: number) {
  return { device: shown(lane.device), epoch: lane.epoch, seq };
}

function shown({ tenant, project, device }: DeviceKey): string {
  return `${tenant}/${project}/${device}`;
}
