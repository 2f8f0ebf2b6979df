import { isAllowed, type Subject, scopesOf } from '@skerry/model';
import type { DeadLetterEntry, Platform } from '../../platform.ts';
import { isForAll } from '../../scoping.ts';
import type { RefusedArrival } from './refusal-book.ts';

/** The device that is being connected. */
export interface ArrivalKey {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
}

/** One thing that arrived wrongly. */
export interface Arrival {
  readonly atMicros: number;
  readonly kind: RefusedArrival['kind'] | 'dead-letter';
  readonly reason: string;
  /** A sentence: what happened and what to do. */
  readonly words: string;
  readonly client: string;
  readonly user: string;
  /** By what it came in, or wanted to: a token, a name and a password, or neither. */
  readonly by: 'token' | 'user' | 'nobody';
  readonly topic: string;
  readonly remote: string;
  /** Of a dead letter. */
  readonly offset: number | undefined;
}

/** Pages of dead letters that are looked through; the list begins with the oldest. */
const PAGES = 20;
const PAGE_ROWS = 1_000;

/**
 * What arrived wrongly for a device since a moment, newest first: its dead letters, those of unknown topics that name it,
 * and refusals that it may be behind. A refused login names no device, so it is told to those alone who see everything.
 */
export async function wrongArrivals(
  platform: Platform,
  subject: Subject,
  key: ArrivalKey,
  sinceMicros: number,
): Promise<Arrival[]> {
  const letters = isAllowed(subject, 'dead-letters:read', key)
    ? await lettersOf(platform, subject, key, sinceMicros)
    : [];
  const isSeeingAll = isForAll(subject, 'telemetry:read');
  const refusals = platform.refusals
    .since(sinceMicros)
    .filter((refusal) => (isSeeingAll ? mayBeOf(refusal, key) : names(refusal.topic, key)));
  return [...letters.map(ofLetter), ...refusals.map(ofRefusal)].toSorted((a, b) => b.atMicros - a.atMicros);
}

async function lettersOf(
  platform: Platform,
  subject: Subject,
  key: ArrivalKey,
  sinceMicros: number,
): Promise<DeadLetterEntry[]> {
  const own = await newLetters(platform, key, sinceMicros);
  if (!isForAll(subject, 'dead-letters:read')) return own;
  const unknown = await newLetters(platform, { reason: 'unknown-topic' }, sinceMicros);
  return [...own, ...unknown.filter((letter) => !own.some(({ offset }) => offset === letter.offset))];
}

async function newLetters(
  platform: Platform,
  narrowing: Parameters<Platform['deadLetters']>[0] extends infer Q ? Partial<Q> : never,
  sinceMicros: number,
): Promise<DeadLetterEntry[]> {
  const found: DeadLetterEntry[] = [];
  let after: number | undefined;
  for (let page = 0; page < PAGES; page++) {
    const letters = await platform.deadLetters({
      ...narrowing,
      state: 'open',
      limit: PAGE_ROWS,
      ...(after === undefined ? {} : { after }),
    });
    found.push(...letters.filter(({ receivedMicros }) => receivedMicros >= sinceMicros));
    if (letters.length < PAGE_ROWS) break;
    after = letters.at(-1)?.offset;
  }
  return found;
}

/** What is refused before a device is named. */
const NAMELESS: ReadonlySet<RefusedArrival['kind']> = new Set(['connect', 'cut-off', 'handshake']);

/** Whether a refusal may be of the device: it names it, or names no device at all. */
function mayBeOf(refusal: RefusedArrival, key: ArrivalKey): boolean {
  if (refusal.client === key.device || names(refusal.topic, key)) return true;
  if (refusal.kind !== 'elsewhere' && refusal.kind !== 'http') return NAMELESS.has(refusal.kind);
  const levels = refusal.topic.split('/');
  return levels.includes(key.device) || levels.includes(key.tenant);
}

/** Whether the levels of a topic hold tenant, project and device, one behind the other. */
function names(topic: string, { tenant, project, device }: ArrivalKey): boolean {
  const levels = topic.split('/');
  return levels.some(
    (level, at) => level === tenant && levels[at + 1] === project && levels[at + 2] === device,
  );
}

function ofLetter({ receivedMicros, reason, detail, client, topic, offset }: DeadLetterEntry): Arrival {
  return {
    atMicros: receivedMicros,
    kind: 'dead-letter',
    reason,
    words: `A message on ${topic} was taken in and set aside: ${detail}`,
    client,
    user: '',
    by: 'nobody',
    topic,
    remote: '',
    offset,
  };
}

function ofRefusal({ why, ...refusal }: RefusedArrival): Arrival {
  return {
    ...refusal,
    by: byOf({ why, ...refusal }),
    words: wordsOf({ why, ...refusal }),
    offset: undefined,
  };
}

/** Names of subjects say what they are; a user name of a CONNECT, and a request, do not. */
function byOf({ kind, user, reason }: RefusedArrival): Arrival['by'] {
  if (kind === 'http') return reason === 'sign-in-required' ? 'nobody' : 'token';
  if (user === '' || user === 'anonymous') return 'nobody';
  return kind !== 'connect' && user.startsWith('token:') ? 'token' : 'user';
}

function wordsOf({ kind, client, user, topic, remote, why }: RefusedArrival): string {
  const place = remote === '' ? '' : ` at ${remote}`;
  const who = client === '' ? `A client${place}` : `The client ${client}${place}`;
  const as = user === '' ? 'without a name' : `as ${user}`;
  switch (kind) {
    case 'connect':
      return `${who} was refused ${as}: ${why}`;
    case 'publish':
      return `${who} may not publish on ${topic} ${as}: ${why}`;
    case 'will':
      return `${who} may not leave a will on ${topic} ${as}: ${why}`;
    case 'subscribe':
      return `${who} may not subscribe to ${topic} ${as}: ${why}`;
    case 'cut-off':
      return `${who} was cut off: ${why}`;
    case 'elsewhere':
      return `${client === '' ? 'Somebody' : who} published on ${topic}, which is no telemetry: ${why}`;
    case 'http':
      return `${who} sent telemetry of ${topic} over HTTP and was refused: ${why}`;
    case 'handshake':
      return `${who} did not get as far as MQTT: ${why}`;
  }
}

const NAMESAKES_READ = 200;
const NAMESAKES_TOLD = 20;

/** Where else devices of the same name are, of those that a subject may see. */
export async function namesakes(
  platform: Platform,
  subject: Subject,
  key: ArrivalKey,
  atMicros: number,
): Promise<{ readonly tenant: string; readonly project: string }[]> {
  const scopes = scopesOf(subject, 'telemetry:read');
  const { entries } = await platform.devices({ search: key.device, scopes, limit: NAMESAKES_READ, atMicros });
  return entries
    .filter(({ tenant, project, device }) => {
      return device === key.device && !(tenant === key.tenant && project === key.project);
    })
    .slice(0, NAMESAKES_TOLD)
    .map(({ tenant, project }) => ({ tenant, project }));
}
