import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Grant, Role, Scope, Subject } from '@skerry/model';
import fc from 'fast-check';
import { DEFAULT_ROUTES } from './routes.ts';
import { SPARKPLUG_TEMPLATE } from './testing/payload-source.ts';
import { compileTopicRights, type TopicRights } from './topic-rights.ts';

function one(role: Role, scope: Scope = {}): Pick<Subject, 'grants'> {
  return { grants: [{ role, ...scope }] };
}

const RIGHTS = compileTopicRights(DEFAULT_ROUTES.templates);
const DEVICE = one('device', { tenant: 'T', project: 'P', device: 'D' });
const PROJECT = one('operator', { tenant: 'T', project: 'P' });
const TENANT = one('viewer', { tenant: 'T' });

test('mayPublish gives a device the topics that must name it, and no other', () => {
  const publish = (topic: string, kind: 'telemetry' | 'messaging' | 'dead-letter'): boolean =>
    RIGHTS.mayPublish(DEVICE, topic, kind);
  assert.equal(publish('iot/T/P/D/telemetry', 'telemetry'), true);
  assert.equal(publish('iot/T/P/D', 'messaging'), true);
  assert.equal(publish('iot/T/P/D/state/door', 'messaging'), true);
  assert.equal(publish('$skerry/telemetry/T/P/D', 'telemetry'), true);
  assert.equal(publish('iot/T/P/D2/telemetry', 'telemetry'), false);
  assert.equal(publish('iot/T/P2/D/telemetry', 'telemetry'), false);
  assert.equal(publish('iot/T2/P/D/telemetry', 'telemetry'), false);
  assert.equal(publish('iot/T/P', 'messaging'), false);
  assert.equal(publish('plant/door', 'messaging'), false);
  assert.equal(publish('$SYS/x', 'messaging'), false);
});

test('mayPublish gives a bound device every telemetry topic of its project that names no other device', () => {
  const publish = (topic: string, kind: 'telemetry' | 'dead-letter' = 'telemetry'): boolean =>
    RIGHTS.mayPublish(DEVICE, topic, kind);
  assert.equal(publish('mtic/msg/client/realtime/T/P'), true);
  assert.equal(publish('mtic/msg/client/realtime/T/P/D'), true);
  assert.equal(publish('mtic/msg/client/realtime/T/P/D/motor'), true);
  assert.equal(publish('mtic/msg/client/realtime/T/P/D2'), false);
  assert.equal(publish('mtic/msg/client/realtime/T/P2'), false);
  assert.equal(publish('mtic/msg/client/realtime/T2/P'), false);
  assert.equal(publish('mtic/msg/client/realtime/T', 'dead-letter'), false);
  assert.equal(publish('mtic/msg/client/realtime/T/P//x', 'dead-letter'), false);
});

test('mayPublish gives a subject of two devices no topic that names them optionally: the payload could name another', () => {
  const topic = 'mtic/msg/client/realtime/T/P/D';
  const [grant] = DEVICE.grants;
  const two = { grants: [...(grant ? [grant, { ...grant, device: 'E' }] : [])] };
  assert.equal(RIGHTS.mayPublish(two, topic, 'telemetry'), false);
  assert.equal(RIGHTS.mayPublish(two, 'iot/T/P/E/telemetry', 'telemetry'), true);
  assert.equal(RIGHTS.mayPublish(PROJECT, topic, 'telemetry'), true);
});

test('mayPublish lets a project spoil its own topics only', () => {
  const publish = (topic: string): boolean => RIGHTS.mayPublish(PROJECT, topic, 'dead-letter');
  assert.equal(publish('mtic/msg/client/realtime/T/P//x'), true);
  assert.equal(publish('iot/T/P/../telemetry'), true);
  assert.equal(publish('iot/T/../D/telemetry'), false);
  assert.equal(publish('iot/../P/D/telemetry'), false);
  assert.equal(publish('mtic/msg/client/realtime/T'), false);
  assert.equal(publish('mtic/msg/client/realtime'), false);
  assert.equal(publish('mtic/msg/client/realtime/T2/P//x'), false);
});

test('mayPublish asks for the action of the kind, and everything is for a scope of everything', () => {
  assert.equal(RIGHTS.mayPublish(TENANT, 'iot/T/P/D/telemetry', 'telemetry'), false);
  assert.equal(RIGHTS.mayPublish(one('device'), 'plant/door', 'messaging'), true);
  assert.equal(RIGHTS.mayPublish(one('viewer'), 'plant/door', 'messaging'), false);
  assert.equal(RIGHTS.mayPublish({ grants: [] }, 'plant/door', 'messaging'), false);
});

test('maySubscribe grants a filter only when all that it can match lies in the scope', () => {
  const reads = (subject: Pick<Subject, 'grants'>, ...filters: string[]): boolean[] =>
    filters.map((filter) => RIGHTS.maySubscribe(subject, filter));
  assert.deepEqual(reads(TENANT, 'iot/T/#', 'iot/T/+/D/+', 'mtic/msg/client/realtime/T/#'), [
    true,
    true,
    true,
  ]);
  assert.deepEqual(
    reads(TENANT, '#', '+/T/#', 'iot/#', 'iot/+/P/#', 'mtic/#', 'iot/T2/#', 'x'),
    Array(7).fill(false),
  );
  assert.deepEqual(reads(PROJECT, 'iot/T/P/#', 'iot/T/P/+/telemetry', 'iot/T/P'), [true, true, true]);
  assert.deepEqual(reads(PROJECT, 'iot/T/#', 'iot/T/+/D', 'iot/T/P2/D', 'iot/T'), Array(4).fill(false));
  assert.deepEqual(reads(DEVICE, 'iot/T/P/D/#', 'iot/T/P/D/+/x', 'mtic/msg/client/realtime/T/P/D/#'), [
    true,
    true,
    true,
  ]);
  assert.deepEqual(
    reads(DEVICE, 'iot/T/P/#', 'iot/T/P/+', 'iot/T/P/+/telemetry', 'iot/T/P'),
    Array(4).fill(false),
  );
  assert.deepEqual(reads(one('viewer'), '#', '$SYS/#', 'x/+'), [true, true, true]);
});

/* The naive model: owners by hand-written expressions, and every topic of a small alphabet. */

const TEMPLATES = [
  'm/{tenantId}/{projectId}/{deviceId?}/{metricPrefix?…}',
  'x/{projectId}/y/{tenantId}',
  'iot/{tenantId}/{projectId}/{deviceId}/telemetry',
];
const ID = '([ab]|iot|[mxy])';
const SPACES: readonly { readonly shape: RegExp; readonly owner: (found: RegExpExecArray) => Scope }[] = [
  { shape: new RegExp(`^m/${ID}(?:/${ID}(?:/${ID})?)?(?:/|$)`), owner: ([, t, p, d]) => scope(t, p, d) },
  { shape: new RegExp(`^iot/${ID}(?:/${ID}(?:/${ID})?)?(?:/|$)`), owner: ([, t, p, d]) => scope(t, p, d) },
  { shape: new RegExp(`^x/${ID}/y/${ID}(?:/|$)`), owner: ([, p, t]) => scope(t, p) },
];

function scope(tenant?: string, project?: string, device?: string): Scope {
  if (tenant === undefined) return {};
  if (project === undefined) return { tenant };
  return device === undefined ? { tenant, project } : { tenant, project, device };
}

/** Whether a topic is inside by the naive model: somebody owns it, and whoever claims it is in the scope. */
function isNaivelyInside(topic: string, grant: Scope): boolean {
  const owners = SPACES.flatMap(({ shape, owner }) => {
    const found = prefixOf(shape, topic);
    return found ? [owner(found)] : [];
  });
  return (
    owners.length > 0 &&
    owners.every((owner) =>
      (['tenant', 'project', 'device'] as const).every(
        (key) => grant[key] === undefined || grant[key] === owner[key],
      ),
    )
  );
}

function prefixOf(shape: RegExp, topic: string): RegExpExecArray | undefined {
  for (let levels = topic.split('/'); levels.length > 0; levels = levels.slice(0, -1)) {
    const found = shape.exec(levels.join('/'));
    if (found && found[0].replace(/\/$/, '') === levels.join('/')) return found;
  }
  return undefined;
}

const ALPHABET = ['a', 'b', 'm', 'x', 'y', 'iot', ''];
const TOPICS = topicsUpTo(5);

function topicsUpTo(levels: number): string[] {
  let last = [...ALPHABET];
  const all = [...last];
  for (let depth = 1; depth < levels; depth++) {
    last = last.flatMap((topic) => ALPHABET.map((level) => `${topic}/${level}`));
    all.push(...last);
  }
  return all;
}

function matcherOf(filter: string): RegExp {
  const body = filter
    .split('/')
    .map((level) => (level === '+' ? '[^/]*' : level))
    .join('/');
  if (body === '#') return /^/;
  return new RegExp(body.endsWith('/#') ? `^${body.slice(0, -2)}(/|$)` : `^${body}$`);
}

const SCATTERED = fc
  .tuple(
    fc.array(fc.constantFrom('m', 'iot', 'x', 'a', 'a', 'b', 'y', '+', ''), { minLength: 1, maxLength: 5 }),
    fc.boolean(),
  )
  .map(([levels, isOpen]) => (isOpen ? [...levels.slice(0, 4), '#'] : levels).join('/'));
/** Filters of which a good part is inside of a grant, beside those of levels at random. */
const anyFilter = fc.oneof(
  SCATTERED,
  fc
    .tuple(
      fc.constantFrom('m/a', 'm/a/a', 'm/a/b', 'iot/a/a', 'iot/a/a/b', 'x/a/y/a'),
      fc.constantFrom('', '/#', '/+'),
    )
    .map(([topic, rest]) => topic + rest),
);
const anyGrant = fc.constantFrom<Grant>(
  { role: 'operator', tenant: 'a' },
  { role: 'operator', tenant: 'a', project: 'a' },
  { role: 'operator', tenant: 'a', project: 'b' },
  { role: 'operator', tenant: 'a', project: 'a', device: 'b' },
);
const RUNS = { numRuns: Number(process.env.SKERRY_PROPERTY_RUNS ?? 200) };

function checkAgainstModel(rights: TopicRights): { granted: number; refused: number } {
  const seen = { granted: 0, refused: 0 };
  fc.assert(
    fc.property(anyFilter, anyGrant, (filter, grant) => {
      const isGranted = rights.maySubscribe({ grants: [grant] }, filter);
      const matcher = matcherOf(filter);
      const outside = TOPICS.find((topic) => matcher.test(topic) && !isNaivelyInside(topic, grant));
      assert.equal(isGranted, outside === undefined, `${filter} for ${JSON.stringify(grant)}: ${outside}`);
      seen[isGranted ? 'granted' : 'refused']++;
    }),
    RUNS,
  );
  return seen;
}

test('maySubscribe grants exactly the filters that match no topic outside the scope, by brute force', () => {
  const { granted, refused } = checkAgainstModel(compileTopicRights(TEMPLATES));
  assert.ok(granted > 0 && refused > 0, `granted ${granted}, refused ${refused}`);
});

test('maySubscribe is told apart from a leak that was planted', () => {
  const honest = compileTopicRights(TEMPLATES);
  const leaky: TopicRights = {
    ...honest,
    maySubscribe: (subject, filter) => honest.maySubscribe(subject, filter.replace(/^\+/, 'iot')),
  };
  assert.throws(() => {
    for (let round = 0; round < 20; round++) checkAgainstModel(leaky);
  });
});

test('mayPublish gives exactly the topics inside the scope, by brute force', () => {
  const rights = compileTopicRights([
    'iot/{tenantId}/{projectId}/{deviceId}/telemetry',
    'x/{projectId}/y/{tenantId}',
    'm/{tenantId}/{projectId}/{deviceId}',
  ]);
  fc.assert(
    fc.property(anyGrant, (grant) => {
      for (const topic of TOPICS) {
        const isAllowed = rights.mayPublish({ grants: [grant] }, topic, 'messaging');
        assert.equal(isAllowed, isNaivelyInside(topic, grant), topic);
      }
    }),
    { numRuns: 4 },
  );
});

test('a template with constants gives its topics to their project, and no other topic', () => {
  const rights = compileTopicRights(['line/{deviceId}{tenantId=T}{projectId=P}', SPARKPLUG_TEMPLATE]);
  const publish = (subject: Pick<Subject, 'grants'>, topic: string): boolean =>
    rights.mayPublish(subject, topic, 'telemetry');
  assert.equal(publish(PROJECT, 'line/D'), true);
  assert.equal(publish(DEVICE, 'line/D'), true);
  assert.equal(publish(DEVICE, 'line/D2'), false);
  assert.equal(publish(one('operator', { tenant: 'T', project: 'P2' }), 'line/D'), false);
  assert.equal(publish(PROJECT, 'other/D'), false);
  const plant = one('operator', { tenant: 'acme', project: 'plant' });
  assert.equal(publish(plant, 'spBv1.0/g/DDATA/e/d'), true);
  assert.equal(publish(plant, 'line/D'), false);
  assert.equal(publish(PROJECT, 'spBv1.0/g/DDATA/e/d'), false);
  const asks = (subject: Pick<Subject, 'grants'>, filter: string): boolean =>
    rights.maySubscribe(subject, filter);
  assert.equal(asks(plant, 'spBv1.0/#'), true);
  assert.equal(asks(plant, 'spBv1.0/+/NDATA/e'), true);
  for (const filter of ['#', '+/#', '+/g/NDATA/e', 'line/#'])
    assert.equal(asks(plant, filter), false, filter);
  const device = one('device', { tenant: 'acme', project: 'plant', device: 'g:e' });
  assert.equal(
    asks(device, 'spBv1.0/g/NDATA/e'),
    false,
    'a node speaks for its devices: its topics are the project',
  );
  assert.equal(rights.mayPublish(device, 'spBv1.0/g/NCMD/e', 'messaging'), false);
});
