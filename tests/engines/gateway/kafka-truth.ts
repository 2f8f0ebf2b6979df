// What Kafka holds, as kcat reads it, and what may be said of it: nothing here is the gateway's own code.
import assert from 'node:assert/strict';
import { type Kafka, runTool } from '@skerry/testkit/engines';
import { until } from '../../e2e/condition.ts';

/** A record as kcat shows it. */
export interface SeenRecord {
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly value: string;
}

/** Where a record was taken in, from its header. */
export interface SeenOrigin {
  readonly journalId: string;
  readonly offset: number;
  readonly number: number;
}

/** All records of a topic, by partition and offset; none while it does not exist. `words`: further ones for kcat. */
export async function readTopic(
  { brokers }: Pick<Kafka, 'brokers'>,
  topic: string,
  words: readonly string[] = [],
): Promise<SeenRecord[]> {
  const format = '%p\\t%o\\t%k\\t%h\\t%s\\n';
  const place = ['-C', '-b', brokers.join(','), '-t', topic, '-o', 'beginning'];
  let text: string;
  try {
    text = await runTool('kcat', [...place, '-e', '-q', '-f', format, ...words]);
  } catch (cause) {
    if (/Unknown topic or partition/.test(String(cause))) return [];
    throw cause;
  }
  return text
    .split('\n')
    .slice(0, -1)
    .map(recordOf)
    .sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

function recordOf(line: string): SeenRecord {
  const [partition = '', offset = '', key = '', headers = '', ...value] = line.split('\t');
  const pairs = headers.split(',').map((pair): [string, string] => {
    const [name = '', ...rest] = pair.split('=');
    return [name, rest.join('=')];
  });
  return {
    partition: Number(partition),
    offset: Number(offset),
    key,
    headers: new Map(pairs),
    value: value.join('\t'),
  };
}

/** The origin of a record. */
export function originOf({ headers }: SeenRecord): SeenOrigin {
  const [journalId = '', offset, number] = (headers.get('origin') ?? '').split('/');
  assert.match(journalId, /^[0-9a-f]{32}$/, 'a record has no origin');
  return { journalId, offset: Number(offset), number: Number(number) };
}

/** Reads a topic again and again until it holds so many different payloads. */
export async function untilHeld(
  kafka: Pick<Kafka, 'brokers'>,
  topic: string,
  count: number,
  mostMs = 60_000,
): Promise<SeenRecord[]> {
  let seen: SeenRecord[] = [];
  return await until(
    `${count} messages in ${topic}`,
    async () => {
      seen = await readTopic(kafka, topic);
      return new Set(seen.map(idOf)).size >= count && seen;
    },
    mostMs,
    () => `${new Set(seen.map(idOf)).size} of ${seen.length} records`,
  );
}

/** Device and number of a message of the load, which no other has. */
export function idOf({ headers, value }: SeenRecord): string {
  const [, seq] = /"seq":\s*(\d+)/.exec(value) ?? [];
  return `${headers.get('topic') ?? ''} ${seq ?? value}`;
}

/** What is asked of records of the load. */
export interface Claim {
  /** Messages that were published, or that were acknowledged to the publisher at least. */
  readonly count: number;
  readonly devices: number;
  /** How often a message may stand there under different origins, because MQTT has delivered it again. */
  readonly redelivered: number;
  /** Whether messages of a device were taken in by one gateway, and so are in order. */
  readonly isOrdered?: boolean;
}

/**
 * Says what is wrong with the records of a load whose devices took turns: something missing, more than was published, a
 * repetition under a new origin that nobody has caused, an origin that stands for two messages, a hole in the numbers of
 * a journal in a partition, one device in two partitions, messages of a device out of order.
 */
export function assertHeld(records: readonly SeenRecord[], claim: Claim): void {
  const firsts = new Map<string, SeenRecord>();
  const ids = new Map<string, number>();
  for (const record of records) {
    const { journalId, offset } = originOf(record);
    const origin = `${journalId}/${offset}`;
    const first = firsts.get(origin);
    if (first) assert.equal(idOf(record), idOf(first), `the origin ${origin} stands for two messages`);
    else {
      firsts.set(origin, record);
      ids.set(idOf(record), (ids.get(idOf(record)) ?? 0) + 1);
    }
  }
  const again = [...ids.values()].reduce((sum, count) => sum + count - 1, 0);
  assert.equal(ids.size, claim.count, `${ids.size} messages are there, ${claim.count} were published`);
  assert.ok(again <= claim.redelivered, `${again} messages stand there under two origins`);
  assertNumbers(records);
  if (claim.isOrdered !== false) assertOrder([...firsts.values()], claim.devices);
}

/** Of each journal in each partition the numbers begin at 0 and have no hole; a repetition has the number of its first. */
export function assertNumbers(records: readonly SeenRecord[]): void {
  const next = new Map<string, number>();
  const offsets = new Map<string, number>();
  for (const record of records) {
    const { journalId, offset, number } = originOf(record);
    const place = `${journalId} in partition ${record.partition}`;
    const expected = next.get(place) ?? 0;
    assert.ok(number <= expected, `${place}: number ${number} follows ${expected - 1}`);
    const known = offsets.get(`${place}/${number}`);
    if (known !== undefined) assert.equal(offset, known, `${place}: number ${number} has two offsets`);
    offsets.set(`${place}/${number}`, offset);
    if (number === expected) next.set(place, expected + 1);
  }
}

function assertOrder(firsts: readonly SeenRecord[], devices: number): void {
  const partitions = new Map<string, number>();
  const newest = new Map<string, number>();
  for (const record of firsts) {
    const topic = record.headers.get('topic') ?? '';
    const seq = Number(/"seq":\s*(\d+)/.exec(record.value)?.[1]);
    assert.equal(
      partitions.get(topic) ?? record.partition,
      record.partition,
      `${topic} is in two partitions`,
    );
    partitions.set(topic, record.partition);
    // what MQTT delivers again comes again with what followed it
    const before = newest.get(topic) ?? 0;
    assert.ok(seq <= before + 1, `${topic}: ${seq} follows ${before}`);
    newest.set(topic, Math.max(before, seq));
  }
  assert.equal(newest.size, devices);
}
