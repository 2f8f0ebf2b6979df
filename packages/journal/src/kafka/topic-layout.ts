import { RECORD_KIND } from '../batch.ts';
import type { ReceivedCount } from '../journal.ts';
import { LIMITS } from '../limits.ts';
import type { RecordReader } from '../record-reader.ts';
import { type DeviceOf, defaultDeviceOf, edgeNode } from './device-key.ts';
import { writeEnvelope } from './envelope.ts';
import type { ProjectBytes } from './record-headers-out.ts';
import type { ByteRange } from './record-set-writer.ts';

/** How records are spread over topics of Kafka (docs/formats/kafka.md). */
export type KafkaLayout = 'one' | 'project' | 'bridge-v1' | 'bridge-v2';

/** What the key of a record is; records of one key keep their order. */
export type KafkaKey = 'device' | 'topic' | 'client' | 'project';

/** Choices of a layout; what is absent has the value of the page of formats. */
export interface TopicLayoutOptions {
  readonly layout?: KafkaLayout;
  /** Topic of the layout `one`, and in the others of what they have no place for; `iot.telemetry` when absent. */
  readonly topic?: string;
  /** Has no say in the two layouts of the earlier bridge, whose keys are fixed. */
  readonly key?: KafkaKey;
  readonly deviceOf?: DeviceOf;
  /** Tells what `deviceOf` goes by from other choices, where it is given. */
  readonly deviceBy?: string;
  /** Topics that the layout `project` and `bridge-v1` may come to; those of `LIMITS` when absent. */
  readonly topicsMax?: number;
}

/** Why a record cannot go to the topic that the layout says. */
export type RouteRefusal = 'topic-invalid' | 'topic-quota';

/** Where a record goes. Ranges are good until the record's batch or the next route. */
export interface KafkaRoute {
  /** The topic as the layout says, also when it is refused. */
  readonly topic: string;
  readonly key: ByteRange;
  readonly value: ByteRange;
  /** Set when `value` is an envelope that could not hold the payload as it is: then the header `payload` does. */
  readonly rawPayload: boolean;
  readonly refusal: RouteRefusal | undefined;
}

/** A project of a batch, ready for its records. */
export interface RoutedProject extends ProjectBytes {
  readonly topic: string;
  readonly refusal: RouteRefusal | undefined;
}

/** Topic of the layout `one`. */
export const DEFAULT_TOPIC = 'iot.telemetry';
/** Topic of the layout `bridge-v2`. */
export const BRIDGE_TOPIC = 'iot-messages';
/** Topic of what Kafka refuses for good. */
export const DEAD_LETTER_TOPIC = 'iot.dead-letters';
/** Topic of what writers ask of gateways. */
export const COMMAND_TOPIC = 'iot.commands';
/** Names that no project may have. */
const RESERVED: readonly string[] = [DEAD_LETTER_TOPIC, COMMAND_TOPIC];
const PROJECT_PREFIX = 'iot.';
const LEGAL = /^[a-zA-Z0-9._-]{1,249}$/;
const encoder = new TextEncoder();
const exact = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });
const EMPTY = new Uint8Array(0);

/** Whether Kafka takes a name for a topic. */
export function isTopicName(name: string): boolean {
  return LEGAL.test(name) && name !== '.' && name !== '..';
}

/** Decides about topic, key and value of records on their way to Kafka, and tells projects from topics on the way back. */
export class TopicLayout {
  readonly layout: KafkaLayout;
  /** Topic of the layout `one` and of what the others have no place for. */
  readonly topic: string;
  readonly key: KafkaKey;
  /** Topics that layouts by project may come to. */
  readonly topicsMax: number;
  readonly #deviceOf: DeviceOf;
  readonly #deviceBy: string;
  readonly #topics = new Set<string>();
  /** Those that Kafka has refused to make. */
  readonly #refused = new Map<string, RouteRefusal>();
  readonly #projects = new Map<string, Map<string, RoutedProject>>();
  readonly #without: RoutedProject;
  #lastList: readonly ReceivedCount[] = [];
  #lastRouted: readonly RoutedProject[] = [];

  constructor(options: TopicLayoutOptions = {}) {
    this.layout = options.layout ?? 'one';
    this.topic = options.topic ?? DEFAULT_TOPIC;
    this.key = options.key ?? 'device';
    this.#deviceOf = options.deviceOf ?? defaultDeviceOf;
    this.#deviceBy = options.deviceBy ?? '';
    this.topicsMax = options.topicsMax ?? LIMITS.kafkaTopicsMax.value;
    this.#without = { tenant: undefined, project: undefined, topic: this.topic, refusal: undefined };
  }

  /** What decides about where a record goes, as text: another text may send records again to another partition. */
  get fingerprint(): string {
    return `${this.layout}/${this.topic}/${this.key}${this.#deviceBy === '' ? '' : `/${this.#deviceBy}`}`;
  }

  /** The topics that are there from the start, whatever comes. */
  get fixedTopics(): string[] {
    return this.layout === 'bridge-v2' ? [BRIDGE_TOPIC, this.topic] : [this.topic];
  }

  /** Whether topics come with projects, so that the cluster has to be asked for them. */
  get isByProject(): boolean {
    return this.layout === 'project' || this.layout === 'bridge-v1';
  }

  /** Whether a topic of the cluster is one of this layout. */
  holds(kafkaTopic: string): boolean {
    if (this.fixedTopics.includes(kafkaTopic)) return true;
    return this.projectOf(kafkaTopic) !== undefined;
  }

  /** Whether values of a topic are envelopes. */
  isEnvelope(kafkaTopic: string): boolean {
    return this.layout === 'bridge-v2' && kafkaTopic === BRIDGE_TOPIC;
  }

  /** Tenant and project that a topic's name tells: the tenant ends at the first dot. */
  projectOf(kafkaTopic: string): { readonly tenant: string; readonly project: string } | undefined {
    const prefix = this.layout === 'project' ? PROJECT_PREFIX : '';
    if (!this.isByProject) return undefined;
    if (!kafkaTopic.startsWith(prefix) || this.fixedTopics.includes(kafkaTopic)) return undefined;
    if (RESERVED.includes(kafkaTopic) || kafkaTopic.startsWith('__')) return undefined;
    const rest = kafkaTopic.slice(prefix.length);
    const dot = rest.indexOf('.');
    if (dot <= 0 || dot === rest.length - 1) return undefined;
    return { tenant: rest.slice(0, dot), project: rest.slice(dot + 1) };
  }

  /** The project of the record that the reader stands on. */
  project(record: RecordReader): RoutedProject {
    if (record.projects !== this.#lastList) {
      this.#lastList = record.projects;
      this.#lastRouted = record.projects.map((one) => this.#routed(one.tenant, one.project));
    }
    return this.#lastRouted[record.projectIndex] ?? this.#without;
  }

  /** Takes note of topics that the cluster has: those of this layout count, and records may go to each of them. */
  knowTopics(names: readonly string[]): void {
    for (const name of names) if (this.projectOf(name) !== undefined) this.#topics.add(name);
  }

  /** Whether a topic is set aside, as `refuseTopic` was told. */
  isRefused(topic: string): boolean {
    return this.#refused.has(topic);
  }

  /** Sets aside what is for a topic that Kafka will never have, or that would be one too many; false for topics that are there from the start, which nothing replaces. */
  refuseTopic(topic: string, why: RouteRefusal = 'topic-invalid'): boolean {
    if (!this.isByProject || this.fixedTopics.includes(topic)) return false;
    this.#refused.set(topic, why);
    this.#topics.delete(topic);
    this.#projects.clear();
    this.#lastList = [];
    return true;
  }

  /** Where the record that the reader stands on goes. */
  route(record: RecordReader, project: RoutedProject): KafkaRoute {
    const value = { bytes: record.body, start: record.payloadStart, end: record.end };
    const isBridge = this.layout === 'bridge-v1' || this.layout === 'bridge-v2';
    const hasPlace = !isBridge || (record.kind === RECORD_KIND.telemetry && project.tenant !== undefined);
    if (!hasPlace)
      return {
        topic: this.topic,
        key: this.#keyOf(record, project),
        value,
        rawPayload: false,
        refusal: undefined,
      };
    const { topic, refusal } = project;
    if (this.layout !== 'bridge-v2')
      return { topic, key: this.#keyOf(record, project), value, rawPayload: false, refusal };
    return { topic, key: wholeOf(project.tenant ?? EMPTY), ...this.#enveloped(record), refusal };
  }

  #keyOf(record: RecordReader, project: RoutedProject): ByteRange {
    const key = this.layout === 'bridge-v1' ? 'project' : this.key;
    const topic = { bytes: record.body, start: record.topicStart, end: record.clientStart };
    if (key === 'project') return project.project ? wholeOf(project.project) : topic;
    // births tell what the numbers of later messages mean, on another topic
    const node = edgeNode(record);
    if (node) return node;
    if (key === 'topic') return topic;
    if (key === 'device') return this.#deviceOf(record) ?? topic;
    const isNamed = record.headersStart > record.clientStart;
    return isNamed ? { bytes: record.body, start: record.clientStart, end: record.headersStart } : topic;
  }

  #enveloped(record: RecordReader): { readonly value: ByteRange; readonly rawPayload: boolean } {
    let payload: string;
    let rawPayload = false;
    try {
      payload = exact.decode(record.payload);
    } catch {
      // Bytes that are no text stand in a header beside the envelope.
      payload = lossy.decode(record.payload);
      rawPayload = true;
    }
    const { tenant, project, receivedMicros } = record;
    const topic = lossy.decode(record.topic);
    return { value: wholeOf(writeEnvelope({ tenant, project, topic, payload, receivedMicros })), rawPayload };
  }

  #routed(tenant: string, project: string): RoutedProject {
    const known = this.#projects.get(tenant)?.get(project);
    if (known) return known;
    const topic = this.#topicOf(tenant, project);
    const refusal = this.#refusalOf(topic);
    if (!refusal) this.#topics.add(topic);
    const routed = { tenant: encoder.encode(tenant), project: encoder.encode(project), topic, refusal };
    const ofTenant = this.#projects.get(tenant) ?? new Map<string, RoutedProject>();
    this.#projects.set(tenant, ofTenant.set(project, routed));
    return routed;
  }

  #topicOf(tenant: string, project: string): string {
    if (this.layout === 'one') return this.topic;
    if (this.layout === 'bridge-v2') return BRIDGE_TOPIC;
    return `${this.layout === 'project' ? PROJECT_PREFIX : ''}${tenant}.${project}`;
  }

  #refusalOf(topic: string): RouteRefusal | undefined {
    if (!isTopicName(topic) || RESERVED.includes(topic)) return 'topic-invalid';
    const refused = this.#refused.get(topic);
    if (refused) return refused;
    return this.#topics.has(topic) || this.#topics.size < this.topicsMax ? undefined : 'topic-quota';
  }
}

function wholeOf(bytes: Uint8Array): ByteRange {
  return { bytes, start: 0, end: bytes.length };
}
