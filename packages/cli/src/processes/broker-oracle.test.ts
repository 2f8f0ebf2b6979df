import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLogger } from '@skerry/kernel';
import { SeededRandom } from '@skerry/kernel/testing';
import type { Grant, Role, Subject } from '@skerry/model';
import type { BrokerAccess, IngressRoute } from '@skerry/mqtt';
import { aPublish, aScene, type BrokerScene, type RawClient } from '@skerry/mqtt/testing';
import { compileRoutes, DEFAULT_ROUTES } from '@skerry/pipeline';
import { createBrokerAccess } from './broker-access.ts';

/*
 * The naive model knows nothing of templates and scopes: topics are taken apart by expressions, roles are lists, and
 * what a filter can match is found by trying every topic there is.
 */

const IDS = ['a', 'b', ''] as const;
const HEADS = ['iot', 'mtic/msg/client/realtime', '$skerry/telemetry', 'plant', 'mtic/msg', '$SYS'] as const;
const TOPICS = HEADS.flatMap((head) => tails(head, 4)).concat(['a', 'a/b', '/a']);

function tails(head: string, levels: number): string[] {
  if (levels === 0) return [head];
  return [head, ...[...IDS, 'telemetry'].flatMap((id) => tails(`${head}/${id}`, levels - 1))];
}

/** Two of seven topics. */
const PUBLISHED = TOPICS.filter((_, at) => at % 7 < 2);

interface Owner {
  readonly tenant?: string | undefined;
  readonly project?: string | undefined;
  readonly device?: string | undefined;
}

const OWNED =
  /^(iot|mtic\/msg\/client\/realtime|\$skerry\/telemetry)\/([^/]+)(?:\/([^/]+)(?:\/([^/]+))?)?(?:\/|$)/;

function ownerOf(topic: string, isPublish: boolean): Owner {
  for (let text = `${topic}/`; text.includes('/'); text = text.replace(/[^/]*\/$/, '')) {
    const found = OWNED.exec(text);
    if (!found || `${found[0].replace(/\/$/, '')}/` !== text) continue;
    const [, head, tenant, project, device] = found;
    return { tenant, project, device: isPublish && head?.startsWith('mtic') ? undefined : device };
  }
  return {};
}

const READ_OWNERS = new Map(TOPICS.map((topic) => [topic, ownerOf(topic, false)]));

const PUBLISHERS: readonly Role[] = ['admin', 'operator', 'device'];

function isNaivelyInside(grants: readonly Grant[], topic: string, isPublish: boolean): boolean {
  const owner = (isPublish ? undefined : READ_OWNERS.get(topic)) ?? ownerOf(topic, isPublish);
  return grants.some(
    (grant) =>
      (!isPublish || PUBLISHERS.includes(grant.role)) &&
      (['tenant', 'project', 'device'] as const).every((key) => !grant[key] || grant[key] === owner[key]),
  );
}

const OF_PROJECT = /^mtic\/msg\/client\/realtime\/([^/]+)\/([^/]+)(?:\/([^/]+)(?:\/[^/]+)*)?$/;

/** Whoever writes for one device alone may use the topics of its project that name no other. */
function isOfOnlyDevice(grants: readonly Grant[], topic: string): boolean {
  const writing = grants.filter(({ role }) => PUBLISHERS.includes(role));
  const [, tenant, project, device] = OF_PROJECT.exec(topic) ?? [];
  const isOwn = (grant: Grant): boolean =>
    grant.tenant === tenant &&
    grant.project === project &&
    grant.device !== undefined &&
    grant.device === (device ?? grant.device);
  const named = new Set(writing.map((grant) => grant.device));
  return tenant !== undefined && named.size === 1 && writing.every(isOwn);
}

/** Section 4.7 of the specification. */
function isMatch(filter: string, topic: string): boolean {
  if (/^[+#]/.test(filter) && topic.startsWith('$')) return false;
  const levels = topic.split('/');
  const wanted = filter.split('/');
  for (const [at, level] of wanted.entries()) {
    if (level === '#') return true;
    if (at >= levels.length || (level !== '+' && level !== levels[at])) return false;
  }
  return wanted.length === levels.length;
}

/* What is asked. */

class Dice {
  readonly #random: SeededRandom;

  constructor(seed: number) {
    this.#random = new SeededRandom(seed);
  }

  of<T>(list: readonly T[]): T {
    const found = list[this.#random.int(list.length)];
    if (found === undefined) throw new TypeError('The list is empty.');
    return found;
  }

  grants(): Grant[] {
    const roles: readonly Role[] = ['admin', 'operator', 'viewer', 'device'];
    return Array.from({ length: this.of([1, 1, 2]) }, () => {
      const depth = this.of([0, 1, 1, 2, 2, 2, 3, 3, 3]);
      return {
        role: this.of(roles),
        ...(depth > 0 && { tenant: this.of(['a', 'b']) }),
        ...(depth > 1 && { project: this.of(['a', 'b']) }),
        ...(depth > 2 && { device: this.of(['a', 'b']) }),
      };
    });
  }

  /** Often near the scope of the grants, else anywhere. */
  topic(grants: readonly Grant[]): string {
    const { tenant = 'a', project = 'a', device = 'b' } = this.of(grants);
    const near = [tenant, project, device, this.of(['telemetry', 'a', ''])];
    const own = `${this.of(HEADS.slice(0, 3))}/${near.slice(0, this.of([2, 3, 4])).join('/')}`;
    return this.of([own, this.of(TOPICS)]);
  }

  filter(grants: readonly Grant[]): string {
    const levels = this.topic(grants).split('/');
    for (const at of levels.keys()) if (this.of([true, false, false, false])) levels[at] = '+';
    if (this.of([true, false])) levels.splice(this.of([1, 2, 3, 4, 5]), levels.length, '#');
    return levels.join('/');
  }
}

const PER_SUBJECT = 25;

interface Tally {
  asked: number;
  granted: number;
  delivered: number;
  readonly leaks: string[];
}

function aRoute(): (topic: string) => IngressRoute {
  const route = compileRoutes(DEFAULT_ROUTES);
  return (topic) => ({ ...route(topic), projectIndex: -1 });
}

/** Asks the real broker, and tells every answer that the naive model would not have given. */
async function ask(access: BrokerAccess, subjects: readonly Subject[], dice: Dice): Promise<Tally> {
  await using scene = await aScene({ access, route: aRoute(), limits: { outboxBytes: 1_000_000 } });
  const tally: Tally = { asked: 0, granted: 0, delivered: 0, leaks: [] };
  const readers = new Map<Subject, RawClient>();
  for (const subject of subjects) {
    const client = await scene.connect({ clientId: subject.name, username: subject.name });
    readers.set(subject, client);
    await askToSubscribe(scene, client, subject, dice, tally);
    await askToPublish(scene, client, subject, dice, tally);
  }
  await checkDeliveries(scene, readers, tally);
  return tally;
}

async function askToSubscribe(
  scene: BrokerScene,
  client: RawClient,
  { grants }: Subject,
  dice: Dice,
  tally: Tally,
): Promise<void> {
  const filters = Array.from({ length: PER_SUBJECT }, () => dice.filter(grants));
  const reasons = await scene.subscribe(
    client,
    ...filters.map((filter) => ({ filter, qos: 0 as const, retainHandling: 2 as const })),
  );
  for (const [at, filter] of filters.entries()) {
    const isGranted = reasons[at] === 0;
    const outside = isGranted
      ? TOPICS.find((topic) => !isNaivelyInside(grants, topic, false) && isMatch(filter, topic))
      : undefined;
    note(
      tally,
      isGranted,
      outside !== undefined,
      `${filter} can match ${outside} for ${JSON.stringify(grants)}`,
    );
  }
}

async function askToPublish(
  scene: BrokerScene,
  client: RawClient,
  { grants }: Subject,
  dice: Dice,
  tally: Tally,
): Promise<void> {
  const topics = Array.from({ length: PER_SUBJECT }, () => dice.topic(grants));
  const before = client.all('puback').length;
  client.send(...topics.map((topic, at) => aPublish(topic, topic, { packetId: at + 1 })));
  await scene.until(() => client.all('puback').length === before + topics.length);
  const answers = client.all('puback').slice(before);
  for (const [at, topic] of topics.entries()) {
    const isGranted = answers[at]?.reason === 0;
    const isInside = isNaivelyInside(grants, topic, true) || isOfOnlyDevice(grants, topic);
    note(
      tally,
      isGranted,
      isGranted !== isInside,
      `publish on ${topic}: ${isGranted} for ${JSON.stringify(grants)}`,
    );
  }
}

function note(tally: Tally, isGranted: boolean, isLeak: boolean, what: string): void {
  tally.asked++;
  if (isGranted) tally.granted++;
  if (isLeak) tally.leaks.push(what);
}

/** Somebody who may everything publishes on topics of all kinds: what arrives where it should not is a leak. */
async function checkDeliveries(
  scene: BrokerScene,
  readers: ReadonlyMap<Subject, RawClient>,
  tally: Tally,
): Promise<void> {
  const root = await scene.connect({ clientId: 'root', username: 'root' });
  for (const [at, topic] of PUBLISHED.entries()) {
    root.publish(topic, topic, { packetId: at + 1 });
    if (at % 200 === 199) await scene.until(() => root.all('puback').length === at + 1);
  }
  await scene.until(() => root.all('puback').length === PUBLISHED.length);
  await scene.settle();
  for (const [{ grants }, client] of readers) {
    for (const { topic } of client.all('publish')) {
      tally.delivered++;
      if (!isNaivelyInside(grants, topic, false))
        tally.leaks.push(`${topic} came to ${JSON.stringify(grants)}`);
    }
  }
}

function subjectsOf(dice: Dice, count: number): Subject[] {
  return Array.from({ length: count }, (_, at) => ({ kind: 'token', name: `s${at}`, grants: dice.grants() }));
}

/** Signs everybody in by name; the rights are the product's own. */
function accessOf(subjects: readonly Subject[]): BrokerAccess {
  const root: Subject = { kind: 'token', name: 'root', grants: [{ role: 'admin' }] };
  const byName = new Map([...subjects, root].map((subject) => [subject.name, subject]));
  return createBrokerAccess({
    authenticator: {
      authenticate: async ({ username }) =>
        byName.get(username ?? '') ?? { refused: 'bad-credentials', detail: 'Nobody is called so.' },
    },
    templates: DEFAULT_ROUTES.templates,
    anonymous: 'never',
    logger: silentLogger,
  });
}

test('createBrokerAccess: 5,000 random questions to the real broker and what it delivers show no leak', async () => {
  const dice = new Dice(4);
  const subjects = subjectsOf(dice, 100);
  const { leaks, asked, granted, delivered } = await ask(accessOf(subjects), subjects, dice);
  assert.deepEqual(leaks.slice(0, 5), []);
  assert.equal(asked, 5_000);
  assert.ok(granted > 1_000 && granted < 4_000, `${granted} granted`);
  assert.ok(delivered > 2_000, `${delivered} delivered`);
});

test('createBrokerAccess: the questions find leaks that are planted', async () => {
  const plants: ((honest: BrokerAccess) => Partial<BrokerAccess>)[] = [
    (honest) => ({
      maySubscribe: (subject, filter) => honest.maySubscribe(subject, filter.replace(/\/\+$/, '/a')),
    }),
    (honest) => ({
      mayPublish: (subject, topic, route) =>
        honest.mayPublish(subject, topic.replace('realtime/b', 'realtime/a'), route),
    }),
    (honest) => ({
      maySubscribe: (subject, filter) =>
        filter === '$SYS/#' || honest.maySubscribe(subject, filter.replace('#', 'a')),
    }),
  ];
  for (const plant of plants) {
    const dice = new Dice(7);
    const subjects = subjectsOf(dice, 40);
    const honest = accessOf(subjects);
    const { leaks } = await ask({ ...honest, ...plant(honest) }, subjects, dice);
    assert.ok(leaks.length > 0, plant.toString());
  }
});
