import type { OperationId } from '@skerry/api/testing';
import { NODE_PROBES } from './access-node-probes.ts';
import {
  always,
  aPipeline,
  everywhere,
  letIn,
  never,
  of,
  type Probe,
  pipelineOf,
  type Visit,
} from './access-probe.ts';
import {
  type AccessWorld,
  ALL,
  type Asking,
  inPath,
  inQuery,
  isSendable,
  keyOf,
  mayNaively,
  maySomewhere,
  mayToSubject,
  type Place,
} from './access-world.ts';

type PathOf = (visit: Visit) => string;
type BodyOf = (visit: Visit) => object | undefined;

/** An operation about a place that is let through as a whole or not. */
function single(
  what: string,
  method: string,
  path: PathOf,
  body: BodyOf = () => undefined,
  levels: 2 | 3 = 3,
): Probe {
  return async (visit) => {
    const { world, asking, place } = visit;
    const isLetIn = letIn(await world.ask(asking, method, path(visit), body(visit)));
    const whole = levels === 2 ? { ...place, device: '' } : place;
    return [{ isLetIn, isWanted: mayNaively(asking, what, whole), where: keyOf(whole) }];
  };
}

/** The same where a topic can name the place; elsewhere nothing is asked. */
const sendable =
  (probe: Probe): Probe =>
  async (visit) =>
    isSendable(visit.place) ? await probe(visit) : [];

/** One of a list of places: who asks is shown those that are theirs. */
function listed(what: string, path: string, levels: 2 | 3 = 3, member = 'items'): Probe {
  return async ({ world, asking }) => {
    const seen = new Set<string>();
    for (let cursor = ''; ; ) {
      const answer = await world.ask(asking, 'GET', path + cursor);
      const page = letIn(answer, [403]) ? JSON.parse(answer.text) : {};
      for (const item of page[member] ?? [])
        seen.add(keyOf({ ...item, device: levels === 2 ? '' : item.device }));
      if (typeof page.cursor !== 'string') break;
      cursor = `&cursor=${page.cursor}`;
    }
    return world.places.map((place) => {
      const whole = levels === 2 ? { ...place, device: '' } : place;
      const where = keyOf(whole);
      return { isLetIn: seen.has(where), isWanted: mayNaively(asking, what, whole), where };
    });
  };
}

/** A list of users or tokens. */
function subjects(path: string, isUser: boolean): Probe {
  return async ({ world, asking }) => {
    const seen = new Set<string>();
    for (let cursor = ''; ; ) {
      const answer = await world.ask(asking, 'GET', `${path}?limit=1000${cursor}`);
      const page = letIn(answer, [403]) ? JSON.parse(answer.text) : { items: [] };
      for (const { name } of page.items) seen.add(name);
      if (typeof page.cursor !== 'string') break;
      cursor = `&cursor=${page.cursor}`;
    }
    return world.subjects
      .filter(({ secret }) => (secret === undefined) === isUser)
      .map((target) => ({
        isLetIn: seen.has(target.name),
        isWanted: mayToSubject(asking, 'people', target),
        where: target.name,
      }));
  };
}

function aTarget({ world, random }: Visit, isUser: boolean): Asking {
  const all = world.subjects.filter(({ secret }) => (secret === undefined) === isUser);
  const found = all[random.int(all.length)];
  if (!found) throw new TypeError('There is no such subject.');
  return found;
}

/** An operation on another user or token. */
function toSubject(
  what: string,
  isUser: boolean,
  method: string,
  path: (target: Asking) => string,
  body: (target: Asking) => object | undefined = () => undefined,
): Probe {
  return async (visit) => {
    const target = aTarget(visit, isUser);
    const { world, asking } = visit;
    const isLetIn = letIn(await world.ask(asking, method, path(target), body(target)));
    return [{ isLetIn, isWanted: mayToSubject(asking, what, target), where: target.name }];
  };
}

/** An operation that ends what it is about: it gets one of its own, with the grants of some subject. */
function toCopy(
  isUser: boolean,
  path: (copy: Asking, world: AccessWorld) => string | Promise<string>,
): Probe {
  return async (visit) => {
    const { world, asking } = visit;
    const copy = await world.subject(aTarget(visit, isUser).grants, isUser);
    const isLetIn = letIn(await world.ask(asking, 'DELETE', await path(copy, world)));
    return [{ isLetIn, isWanted: mayToSubject(asking, 'give', copy), where: copy.name }];
  };
}

/** An operation on a new dead letter that says what became of each that it was allowed to offer or to give up. */
function changing(path: string): Probe {
  return async ({ world, asking, place }) => {
    if (!isSendable(place)) return [];
    await world.newLetter(place);
    const answer = await world.ask(asking, 'POST', path, place);
    const isLetIn = letIn(answer, [403]) && takenOf(JSON.parse(answer.text)) > 0;
    return [{ isLetIn, isWanted: mayNaively(asking, 'mend', place) }];
  };
}

function takenOf(outcome: Readonly<Record<'changed' | 'failedAgain' | 'undecided', number>>): number {
  return outcome.changed + outcome.failedAgain + outcome.undecided;
}

/** An operation on a pipeline that was declared twice for it. */
function toPipeline(method: string, suffix: string): Probe {
  return async ({ world, asking, place }) => {
    const name = world.unused('q');
    for (let version = 0; version < 2; version++)
      await world.must('PUT', `/api/v1/pipelines/${name}`, aPipeline(name, place, version));
    const path = `/api/v1/pipelines/${name}${suffix}`;
    const body = method === 'PUT' ? aPipeline(name, place, 2) : undefined;
    const isLetIn = letIn(await world.ask(asking, method, path, body));
    if (method !== 'DELETE' || !isLetIn) await world.must('DELETE', `/api/v1/pipelines/${name}`);
    const where = keyOf({ ...place, device: '' });
    return [{ isLetIn, isWanted: mayNaively(asking, 'declare', { ...place, device: '' }), where }];
  };
}

/** An operation on a simulation that was started for it. */
function toSimulation(
  what: string,
  look: (visit: Visit, id: string, project: Place) => Promise<boolean>,
): Probe {
  return async (visit) => {
    const { world, asking, place } = visit;
    if (!isSendable(place)) return [];
    const { tenant, project } = place;
    const wish = { world: 'factory', tenant, project, devices: 1, rate: 0.01 };
    const { id } = await world.must<{ readonly id: string }>('POST', '/api/v1/simulations', wish);
    const whole = { ...place, device: '' };
    const isLetIn = await look(visit, id, whole);
    const { items } = await world.must<{ readonly items: readonly { id: string }[] }>(
      'GET',
      '/api/v1/simulations',
    );
    if (items.some((one) => one.id === id)) await world.must('DELETE', `/api/v1/simulations/${id}`);
    return [{ isLetIn, isWanted: mayNaively(asking, what, whole), where: keyOf(whole) }];
  };
}

/** An operation on a chaos run of a tenant that was started and ended for it. */
function toChaos(what: string, look: (visit: Visit, id: string) => Promise<boolean>): Probe {
  return async (visit) => {
    const { world, asking, place } = visit;
    if (!isSendable(place)) return [];
    const run = await world.must<{ readonly id: string; readonly project: string }>('POST', '/api/v1/chaos', {
      tenant: place.tenant,
    });
    await world.must('DELETE', `/api/v1/chaos/${run.id}`);
    const whole = { tenant: place.tenant, project: run.project, device: '' };
    const isLetIn = await look(visit, run.id);
    return [{ isLetIn, isWanted: mayNaively(asking, what, whole), where: keyOf(whole) }];
  };
}

const isUser = (asking: Asking) => asking.secret === undefined;

const GUESS = { current: 'a guess', password: 'a new password' };

/** Rows of an export of one device: none of another, and some where it is let in. */
const exported =
  (path: (place: Place) => string): Probe =>
  async ({ world, asking, place }) => {
    const answer = await world.ask(asking, 'GET', path(place));
    const lines = letIn(answer, [403]) ? answer.text.split('\n').filter((line) => line !== '') : [];
    const keys = new Set(lines.map((line) => keyOf(JSON.parse(line))));
    const isLetIn = keys.has(keyOf(place));
    const strange = [...keys].filter((key) => !world.places.some((one) => keyOf(one) === key));
    if (strange.length > 0) throw new TypeError(`An export has rows of ${strange[0]}.`);
    const others = world.places.filter((one) => keyOf(one) !== keyOf(place) && keys.has(keyOf(one)));
    return [
      { isLetIn, isWanted: mayNaively(asking, 'see', place) },
      ...others.map((one) => {
        return { isLetIn: true, isWanted: mayNaively(asking, 'see', one), where: keyOf(one) };
      }),
    ];
  };

/** Probes that change nothing that another asks about: any number at a time. */
export const STEADY: Partial<Readonly<Record<OperationId, Probe>>> = {
  getDevice: single('see', 'GET', ({ place }) => `/api/v1/devices/${inPath(place)}`),
  getLatest: single('see', 'GET', ({ place }) => `/api/v1/devices/${inPath(place)}/latest`),
  getConnectivity: single('see', 'GET', ({ place }) => `/api/v1/devices/${inPath(place)}/connectivity`),
  queryTelemetry: single(
    'see',
    'GET',
    ({ place }) => `/api/v1/telemetry?${inQuery(place)}&metric=v&from=now-1h`,
  ),
  exportTelemetry: exported(
    (place) => `/api/v1/export/telemetry?${inQuery(place)}&metric=v&from=now-1h&format=ndjson`,
  ),
  exportDevices: exported(
    ({ tenant, project }) =>
      `/api/v1/export/devices?${inQuery({ tenant, project, device: '' }).replace(/&device=$/, '')}&format=ndjson`,
  ),
  openStream: single(
    'see',
    'HEAD',
    ({ place }) =>
      `/api/v1/stream?subscribe=points:${encodeURIComponent(inPath(place).replaceAll('*', '%2A'))}`,
  ),
  getOnboarding: sendable(single('see', 'GET', ({ place }) => `/api/v1/onboarding?${inQuery(place)}`)),
  listArrivals: sendable(
    single('see', 'GET', ({ place }) => `/api/v1/onboarding/arrivals?${inQuery(place)}`),
  ),
  getDeadLetter: single('letters', 'GET', (visit) => `/api/v1/dead-letters/${letterOf(visit)}`),
  replayDeadLetter: single('mend', 'POST', (visit) => `/api/v1/dead-letters/${letterOf(visit)}/replay`),
  discardDeadLetter: single('mend', 'POST', (visit) => `/api/v1/dead-letters/${letterOf(visit)}/discard`),
  createToken: single(
    'give',
    'POST',
    () => '/api/v1/tokens',
    ({ world, place }) => ({ name: world.unused('t'), grants: [{ role: 'viewer', ...place }] }),
  ),
  getPipeline: single(
    'pipes',
    'GET',
    ({ world, place }) => `/api/v1/pipelines/${pipelineOf(world, place)}`,
    undefined,
    2,
  ),
  getPipelineHistory: single(
    'pipes',
    'GET',
    ({ world, place }) => `/api/v1/pipelines/${pipelineOf(world, place)}/history`,
    undefined,
    2,
  ),
  getUser: toSubject('people', true, 'GET', ({ name }) => `/api/v1/users/${name}`),
  checkAccess: async (visit) => {
    const isOfUser = visit.random.chance(0.5);
    const target = aTarget(visit, isOfUser);
    const { world, asking, place } = visit;
    const who = isOfUser ? { user: target.name } : { token: target.name };
    const body = { ...who, action: 'telemetry:read', scope: place };
    const answer = await world.ask(asking, 'POST', '/api/v1/access/check', body);
    const isLetIn = letIn(answer);
    const isWanted = mayToSubject(asking, 'people', target);
    const verdict = { isLetIn, isWanted, where: target.name };
    if (!isLetIn) return [verdict];
    const isAllowed = JSON.parse(answer.text).allowed === true;
    return [verdict, { isLetIn: isAllowed, isWanted: mayNaively(target, 'see', place) }];
  },
  getSession: of('GET', '/api/v1/session', always),
  ...NODE_PROBES,
};

function letterOf({ world, place }: Visit): number {
  return world.letters.get(keyOf(place)) ?? -1;
}

/** Probes that change something, or take long: one at a time. */
export const CHANGING: Partial<Readonly<Record<OperationId, Probe>>> = {
  getOverview: overview('/api/v1/overview', (answer) => [answer]),
  getOverviewHistory: overview('/api/v1/overview/history', () => []),
  listDevices: listed('see', '/api/v1/devices?limit=7'),
  listGaps: listed('ledger', '/api/v1/gaps?limit=7'),
  listDeadLetters: listed('letters', '/api/v1/dead-letters?limit=7'),
  getLedger: listed('ledger', '/api/v1/ledger', 2, 'projects'),
  listPipelines: async ({ world, asking }) => {
    const answer = await world.ask(asking, 'GET', '/api/v1/pipelines');
    const items: { name: string }[] = letIn(answer) ? JSON.parse(answer.text).items : [];
    return world.places.map((place) => ({
      isLetIn: items.some(({ name }) => name === pipelineOf(world, place)),
      isWanted: mayNaively(asking, 'pipes', { ...place, device: '' }),
      where: keyOf({ ...place, device: '' }),
    }));
  },
  listUsers: subjects('/api/v1/users', true),
  listTokens: subjects('/api/v1/tokens', false),
  auditLedger: of('GET', '/api/v1/ledger/audit', everywhere('recount')),
  verifyAudit: of('GET', '/api/v1/audit/verdict', everywhere('log')),
  sendTelemetry: sendable(
    single(
      'write',
      'POST',
      ({ place }) => `/api/v1/telemetry/${inPath(place)}`,
      () => ({ w: 1 }),
    ),
  ),
  countDeadLetters: async ({ world, asking, place }) => {
    if (!isSendable(place)) return [];
    await world.newLetter(place);
    const answer = await world.ask(asking, 'GET', `/api/v1/dead-letters/reasons?${inQuery(place)}`);
    const isLetIn = letIn(answer, [403]) && JSON.parse(answer.text).open > 0;
    return [{ isLetIn, isWanted: mayNaively(asking, 'letters', place) }];
  },
  replayDeadLetters: changing('/api/v1/dead-letters/replay'),
  discardDeadLetters: changing('/api/v1/dead-letters/discard'),
  testPipelines: sendable(
    single(
      'pipes',
      'POST',
      () => '/api/v1/pipelines/test',
      ({ place: { tenant, project, device } }) => ({
        samples: [{ topic: `iot/${tenant}/${project}/${device}/telemetry`, payload: '{"v":1}' }],
      }),
      2,
    ),
  ),
  shadowPipelines: single(
    'pipes',
    'POST',
    () => '/api/v1/pipelines/shadow',
    ({ world, place }) => ({ document: aPipeline(world.unused('x'), place), lastRecords: 1 }),
    2,
  ),
  putPipeline: toPipeline('PUT', ''),
  deletePipeline: toPipeline('DELETE', ''),
  undoPipeline: toPipeline('POST', '/undo'),
  startSimulation: async ({ world, asking, place }) => {
    if (!isSendable(place)) return [];
    const { tenant, project } = place;
    const wish = { world: 'factory', tenant, project, devices: 1, rate: 0.01 };
    const answer = await world.ask(asking, 'POST', '/api/v1/simulations', wish);
    const isLetIn = letIn(answer);
    if (isLetIn) await world.must('DELETE', `/api/v1/simulations/${JSON.parse(answer.text).id}`);
    const whole = { ...place, device: '' };
    return [{ isLetIn, isWanted: mayNaively(asking, 'simulate', whole), where: keyOf(whole) }];
  },
  listSimulations: toSimulation('see', async ({ world, asking }, id) => {
    const answer = await world.ask(asking, 'GET', '/api/v1/simulations');
    if (!letIn(answer)) return false;
    return JSON.parse(answer.text).items.some((one: { readonly id: string }) => one.id === id);
  }),
  restartSimulation: toSimulation('simulate', async ({ world, asking }, id) =>
    letIn(await world.ask(asking, 'POST', `/api/v1/simulations/${id}/restart`, {})),
  ),
  listChaos: toChaos('letters', async ({ world, asking }, id) => {
    const answer = await world.ask(asking, 'GET', '/api/v1/chaos');
    if (!letIn(answer)) return false;
    return JSON.parse(answer.text).items.some((one: { readonly id: string }) => one.id === id);
  }),
  startChaos: async ({ world, asking, place }) => {
    if (!isSendable(place)) return [];
    const { tenant } = place;
    const answer = await world.ask(asking, 'POST', '/api/v1/chaos', { tenant });
    const isLetIn = letIn(answer);
    if (isLetIn) await world.must('DELETE', `/api/v1/chaos/${JSON.parse(answer.text).id}`);
    const whole = { tenant, project: '', device: '' };
    return [{ isLetIn, isWanted: mayNaively(asking, 'simulate', whole), where: keyOf(whole) }];
  },
  stopChaos: toChaos('simulate', async ({ world, asking }, id) =>
    letIn(await world.ask(asking, 'DELETE', `/api/v1/chaos/${id}`)),
  ),
  stopSimulation: toSimulation('simulate', async ({ world, asking }, id) =>
    letIn(await world.ask(asking, 'DELETE', `/api/v1/simulations/${id}`)),
  ),
  createOnboarding: sendable(
    single(
      'give',
      'POST',
      () => '/api/v1/onboarding',
      ({ place }) => place,
    ),
  ),
  listAudit: async ({ world, asking, place }) => {
    const name = world.unused('a');
    await world.must('POST', '/api/v1/tokens', { name, grants: [{ role: 'viewer', ...place }] });
    const answer = await world.ask(asking, 'GET', '/api/v1/audit?action=token.create&limit=3');
    const items: { target: string }[] = letIn(answer) ? JSON.parse(answer.text).items : [];
    const isLetIn = items.some(({ target }) => target === `AccessToken/${name}`);
    return [{ isLetIn, isWanted: mayNaively(asking, 'log', place) }];
  },
  createUser: single(
    'give',
    'POST',
    () => '/api/v1/users',
    ({ world, place }) => ({ name: world.unused('u'), grants: [{ role: 'viewer', ...place }] }),
  ),
  changeUser: toSubject(
    'give',
    true,
    'PATCH',
    ({ name }) => `/api/v1/users/${name}`,
    () => ({ displayName: 'Ann' }),
  ),
  removeUser: toCopy(true, ({ name }) => `/api/v1/users/${name}`),
  revokeToken: toCopy(false, ({ name }) => `/api/v1/tokens/${name}`),
  createSignInLink: toSubject(
    'give',
    true,
    'POST',
    () => '/api/v1/access/sign-in-links',
    ({ name }) => ({ user: name }),
  ),
  listSessions: async (visit) => {
    const target = aTarget(visit, true);
    const { world, asking } = visit;
    const isLetIn = letIn(await world.ask(asking, 'GET', `/api/v1/sessions?user=${target.name}`));
    const isOwn = target === asking;
    return [{ isLetIn, isWanted: isOwn || mayToSubject(asking, 'people', target), where: target.name }];
  },
  endSession: toCopy(true, async ({ name }, world) => {
    const { items } = await world.must<{ readonly items: readonly { id: string }[] }>(
      'GET',
      `/api/v1/sessions?user=${name}`,
    );
    return `/api/v1/sessions/${items[0]?.id}`;
  }),
  changeSelf: of('PATCH', '/api/v1/session', isUser, { displayName: 'Bob' }),
  // of a user without a password: nobody is let in by a guess
  changeOwnPassword: of('PUT', '/api/v1/session/password', never, GUESS, [401, 403, 429]),
  signIn: of('POST', '/api/v1/session', never, { name: 'nobody', password: 'a guess' }, [401, 403, 429]),
  signOut: async ({ world, asking }) => {
    const headers = asking.secret === undefined ? await world.session(asking.name) : asking.headers;
    const isLetIn = letIn(await world.ask({ headers }, 'DELETE', '/api/v1/session'));
    const after = await world.ask({ headers }, 'GET', '/api/v1/session');
    return [
      { isLetIn, isWanted: true, where: '' },
      { isLetIn: after.status === 200, isWanted: asking.secret !== undefined, where: 'afterwards' },
    ];
  },
};

/** Figures of the platform: no more devices than those of who asks. */
function overview(path: string, partsOf: (answer: { devices: number }) => { devices: number }[]): Probe {
  return async ({ world, asking }) => {
    const answer = await world.ask(asking, 'GET', path);
    const isLetIn = letIn(answer);
    // others may have come meanwhile, of what ran for another question
    const devices = await world.devices();
    const most = devices.filter((device) => mayNaively(asking, 'platform', device)).length;
    const isMore =
      isLetIn &&
      !mayNaively(asking, 'platform', ALL) &&
      partsOf(JSON.parse(answer.text)).some((part) => part.devices > most);
    return [
      { isLetIn, isWanted: maySomewhere(asking, 'platform'), where: '' },
      { isLetIn: isMore, isWanted: false, where: 'devices of others' },
    ];
  };
}
