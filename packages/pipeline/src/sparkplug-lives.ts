import { HEADER } from '@skerry/journal';
import type { SpeakingClient } from '@skerry/model';
import type { DeviceState } from './catalogue.ts';
import type { RebirthCause, RebirthWanted, SparkplugLife, SparkplugStep } from './decoders/sparkplug-book.ts';
import { SPARKPLUG_NAMESPACE } from './decoders/sparkplug-topic.ts';
import { LIMITS } from './limits.ts';
import type { ProcessorNeeds } from './processor-needs.ts';
import type { RecordCursor } from './record-cursor.ts';
import type { SealDraft } from './seal-draft.ts';
import { SequenceTracker } from './sequence-tracker.ts';

/** What the lives of Sparkplug devices are kept in. */
type LivesNeeds = Pick<ProcessorNeeds, 'catalogue' | 'sessions' | 'sparkplug' | 'logger' | 'rebirthWanted'>;

/**
 * Brings what a Sparkplug record changed to where people look: births and deaths into the connections of the device, under
 * the client id `spBv1.0/{device}` that no connection of MQTT has a user for; the node's sequence numbers into the gaps of
 * its device; births that are wanted to the process.
 */
export class SparkplugLives {
  readonly #needs: LivesNeeds;
  /** When births of a node were last asked for, by the time of its records; microseconds since 1970. */
  readonly #asked = new Map<string, number>();

  constructor(needs: LivesNeeds) {
    this.#needs = needs;
    for (const node of needs.sparkplug.wanted) this.#want(node, { receivedMicros: 0, gateway: undefined });
  }

  /** A record of a device was stored; who speaks for it is told by its births, not by the connection of its edge node. */
  heard({ account }: DeviceState, receivedMicros: number, draft: SealDraft): void {
    if (receivedMicros > account.lastSeenMicros) account.lastSeenMicros = receivedMicros;
    draft.touch(account);
  }

  /** Makes the change of a record that has its verdict. */
  commit(step: SparkplugStep, record: RecordCursor, draft: SealDraft): void {
    const { lives, number, wanted } = this.#needs.sparkplug.commit(step, record.offset);
    for (const life of lives) this.#live(life, step, record, draft);
    if (number) this.#count(step, number, draft);
    if (wanted) this.#want(wanted, causeOf(record));
    else this.#wantAgain(step, record);
  }

  #want(node: RebirthWanted, cause: RebirthCause): void {
    this.#needs.logger.log('warn', 'The births of a Sparkplug edge node are wanted', { ...node });
    this.#ask(node, cause);
  }

  /** A node that goes on without its births may not have heard the question. */
  #wantAgain({ place }: SparkplugStep, record: RecordCursor): void {
    const asked = this.#asked.get(keyOf(place));
    if (asked === undefined) return;
    if (!this.#needs.sparkplug.isWanted(place)) this.#asked.delete(keyOf(place));
    else if (record.receivedMicros - asked >= LIMITS.rebirthEveryMs.value * 1_000)
      this.#ask({ ...place, reason: 'no-birth' }, causeOf(record));
  }

  #ask(node: RebirthWanted, cause: RebirthCause): void {
    this.#asked.set(keyOf(node), cause.receivedMicros);
    this.#needs.rebirthWanted?.(node, cause);
  }

  #live(
    { deviceId, kind, reason }: SparkplugLife,
    step: SparkplugStep,
    record: RecordCursor,
    draft: SealDraft,
  ): void {
    const { tenant, project } = step.place;
    const key = { tenant, project, device: deviceId };
    const speaker: Omit<SpeakingClient, 'sinceMicros'> = {
      client: `${SPARKPLUG_NAMESPACE}/${tenant}/${project}/${deviceId}`,
      user: '',
    };
    const way = { remote: '', protocol: SPARKPLUG_NAMESPACE, listener: '', isEncrypted: false };
    const { offset, receivedMicros: timeMicros } = record;
    this.#needs.sessions.tell(
      { ...speaker, ...way, kind, reason, offset, timeMicros },
      [key],
      draft.sessions,
    );
    const device = this.#needs.catalogue.find(key);
    const [last] = device?.clients ?? [];
    if (!device || (last?.client === speaker.client && last.user === '')) return;
    const others = device.clients.filter(({ client, user }) => client !== speaker.client || user !== '');
    const now = { ...speaker, sinceMicros: timeMicros };
    device.clients = [now, ...others].slice(0, LIMITS.deviceClientsMax.value);
    draft.speaking.add(device);
  }

  /** The numbers of an edge node count the messages of all its devices: a gap among them is the node's. */
  #count(
    step: SparkplugStep,
    { epoch, seq }: { readonly epoch: string; readonly seq: number },
    draft: SealDraft,
  ): void {
    const { tenant, project } = step.place;
    const { catalogue } = this.#needs;
    const owner = catalogue.project(tenant, project);
    const { nodeId } = step.topic;
    const known = owner.devices.get(nodeId);
    if (!known && !catalogue.hasRoomForDevices(owner, 1)) return;
    const node = known ?? catalogue.addDevice(owner, nodeId);
    node.sequence ??= new SequenceTracker();
    // a birth begins its own numbers: that is no reset
    if (node.sequence.note(epoch, seq) === 'restart' && seq > 0) {
      node.account.seqResets++;
      draft.touch(node.account);
    }
    if (node.sequence.draft === draft.number) return;
    node.sequence.draft = draft.number;
    draft.sequences.add(node);
  }
}

function keyOf({ tenant, project, group, node }: SparkplugStep['place']): string {
  return [tenant, project, group, node].join('\u0000');
}

function causeOf(record: RecordCursor): RebirthCause {
  const origin = record.payloadStart > record.headersStart ? record.header(HEADER.origin) : undefined;
  return {
    receivedMicros: record.receivedMicros,
    gateway: origin?.slice(0, Math.max(0, origin.indexOf('/'))),
  };
}
