import { RECORD_KIND } from '@skerry/journal';
import type { SpeakingClient } from '@skerry/model';
import type { DeviceState } from './catalogue.ts';
import { LIMITS } from './limits.ts';
import type { RecordCursor } from './record-cursor.ts';
import type { SealDraft } from './seal-draft.ts';
import type { ClientEntry, SessionBook } from './session-book.ts';

/** Who was heard last for a device. Compared with every record; looked up again only when it may be another one. */
export interface Speaker {
  readonly entry: ClientEntry;
  /** Of the entry when it was looked up. */
  readonly version: number;
}

/** Follows which clients speak for which device. */
export class SpeakerBook {
  readonly #sessions: SessionBook;

  constructor(sessions: SessionBook) {
    this.#sessions = sessions;
  }

  /** A record was received for a device. */
  heard(device: DeviceState, record: RecordCursor, receivedMicros: number, draft: SealDraft): void {
    const { account, speaker } = device;
    if (receivedMicros > account.lastSeenMicros) account.lastSeenMicros = receivedMicros;
    draft.touch(account);
    if (speaker && speaker.version === speaker.entry.version && isClient(record, speaker.entry.bytes)) return;
    if (record.kind === RECORD_KIND.telemetry) this.#changed(device, record, receivedMicros, draft);
  }

  #changed(device: DeviceState, record: RecordCursor, receivedMicros: number, draft: SealDraft): void {
    const { client } = record;
    const entry = this.#sessions.entry(client);
    device.speaker = { entry, version: entry.version };
    const user = entry.speakerFor(device);
    if (user === undefined) return;
    const [last] = device.clients;
    if (last?.client === client && last.user === user) return;
    const others = device.clients.filter((one) => one.client !== client || one.user !== user);
    const now: SpeakingClient = { client, user, sinceMicros: receivedMicros };
    device.clients = [now, ...others].slice(0, LIMITS.deviceClientsMax.value);
    draft.speaking.add(device);
  }
}

function isClient({ bytes, clientStart, headersStart }: RecordCursor, client: Buffer): boolean {
  const { length } = client;
  if (headersStart - clientStart !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[clientStart + i] !== client[i]) return false;
  return true;
}
