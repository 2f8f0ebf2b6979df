import { Agent, request } from 'node:http';
import type { Scene } from '@skerry/api/testing';
import type { SeededRandom } from '@skerry/kernel/testing';

/** Where something is, as the oracle says it. */
export interface Place {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
}

/** A grant as the oracle says it: the levels from the left, as far as it reaches. */
export interface NaiveGrant {
  readonly role: string;
  readonly path: readonly string[];
}

/** Somebody who asks. */
export interface Asking {
  readonly name: string;
  readonly grants: readonly NaiveGrant[];
  readonly headers: Readonly<Record<string, string>>;
}

/** A difference between what was answered and what the oracle says. */
export interface Leak {
  readonly who: string;
  readonly what: string;
  readonly where: string;
  readonly answered: string;
  readonly wanted: string;
}

/** What each role may do, written out by hand: nothing here is read from the product. */
const MAY: Readonly<Record<string, string>> = {
  admin: 'see write letters change-letters ledger give',
  operator: 'see write letters change-letters ledger',
  viewer: 'see letters ledger',
  device: 'write',
};

/** The oracle: whether a subject may do something at a place, level by level. */
export function mayNaively(asking: Pick<Asking, 'grants'>, what: string, place: Place): boolean {
  const levels = [place.tenant, place.project, place.device];
  for (const { role, path } of asking.grants) {
    if (!String(MAY[role]).split(' ').includes(what)) continue;
    let isInside = true;
    for (let i = 0; i < path.length; i++) if (path[i] !== levels[i]) isInside = false;
    if (isInside) return true;
  }
  return false;
}

/** Ids that look alike, contain separators, or mean something elsewhere (`..` is left out: clients resolve it in a URL). */
const TENANTS = ['acme', 'Acme', 'acme/plant', '*'];
const PROJECTS = ['plant', 'plant ', '...'];
const DEVICES = ['pump', 'pump/7', '%2F'];

/** Every place of the oracle's world. */
export const PLACES: readonly Place[] = TENANTS.flatMap((tenant) =>
  PROJECTS.flatMap((project) => DEVICES.map((device) => ({ tenant, project, device }))),
);

/** Puts a point, a gap and a dead letter into every place; the letters' offsets are those of the places, times two and one. */
export function fill(scene: Scene): void {
  for (const place of PLACES) {
    scene.platform.ingest([{ ...place, values: { v: 1 }, seq: 1 }]);
    scene.platform.ingest([{ ...place, values: undefined }]);
  }
  for (const place of PLACES) scene.platform.ingest([{ ...place, values: { v: 2 }, seq: 3 }]);
}

/** Subjects with up to three grants of any role and reach, with a token or a session each. */
export async function makeSubjects(scene: Scene, count: number, random: SeededRandom): Promise<Asking[]> {
  const { book, sessions } = scene.access.access;
  const subjects: Asking[] = [];
  for (let i = 0; i < count; i++) {
    const naive = Array.from({ length: random.int(4) }, () => aGrant(random));
    const grants = naive.map(({ role, path: [tenant, project, device] }) => ({
      role: role as 'admin', // one of the four words of `MAY`
      ...(tenant === undefined ? {} : { tenant }),
      ...(project === undefined ? {} : { project }),
      ...(device === undefined ? {} : { device }),
    }));
    const name = `s${i}`;
    if (random.chance(0.5)) {
      const { secret } = await book.addToken({ name, grants, expiresMicros: null, createdBy: 'local' });
      subjects.push({ name, grants: naive, headers: { authorization: `Bearer ${secret}` } });
    } else {
      await book.addUser(name, { grants });
      const { secret } = await sessions.begin(name, { from: '127.0.0.1', agent: 'oracle' });
      const { port } = scene.api.address;
      const cookie = `skerry_session_${port}=${secret}`;
      const headers = { cookie, origin: scene.api.url, 'x-skerry-request': '1' };
      subjects.push({ name, grants: naive, headers });
    }
  }
  return subjects;
}

function aGrant(random: SeededRandom): NaiveGrant {
  const place = PLACES[random.int(PLACES.length)];
  const levels = place ? [place.tenant, place.project, place.device] : [];
  return {
    role: random.pick(['admin', 'operator', 'viewer', 'device']),
    path: levels.slice(0, random.chance(0.1) ? 0 : 1 + random.int(3)),
  };
}

/** Asks the server, and compares every answer with the oracle's. */
export class AccessOracle implements Disposable {
  readonly leaks: Leak[] = [];
  /** Subject, operation and object, each compared once. */
  triples = 0;
  readonly #scene: Scene;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  /** One request about one place. */
  async askOne(asking: Asking, random: SeededRandom): Promise<void> {
    const at = random.int(PLACES.length);
    const place = PLACES[at];
    const single = SINGLES[random.int(SINGLES.length)];
    if (!place || !single) return;
    const { status } = await this.#send(asking, single.method, single.path(place, at), single.body?.(place));
    const isLetIn = status === 200;
    if (!isLetIn && status !== 403 && status !== 404)
      throw new TypeError(`${single.name} answered ${status}`);
    this.#compare(asking, single.name, place, isLetIn, mayNaively(asking, single.what, place));
  }

  /** Every list of one subject, compared place by place. */
  async askLists(asking: Asking): Promise<void> {
    for (const { name, what, path } of LISTS) {
      const seen = new Set<string>();
      let cursor = '';
      do {
        const { status, text } = await this.#send(asking, 'GET', path + cursor);
        const page = pageOf(status, text);
        for (const item of page.items) seen.add(keyOf(item));
        cursor = page.cursor === null ? '' : `&cursor=${page.cursor}`;
      } while (cursor !== '');
      for (const place of PLACES) {
        this.#compare(asking, name, place, seen.has(keyOf(place)), mayNaively(asking, what, place));
      }
    }
    await this.#askLedger(asking);
    await this.#askStream(asking);
  }

  /** A project's account is seen by who sees all of the project. */
  async #askLedger(asking: Asking): Promise<void> {
    const { status, text } = await this.#send(asking, 'GET', '/api/v1/ledger');
    const projects: Place[] = status === 200 ? JSON.parse(text).projects : [];
    const seen = new Set(projects.map((one) => keyOf({ ...one, device: '' })));
    for (const place of PLACES) {
      const whole = { ...place, device: '' };
      this.#compare(asking, 'ledger', whole, seen.has(keyOf(whole)), mayNaively(asking, 'ledger', whole));
    }
  }

  /** What a stream of everything carries. */
  async #askStream(asking: Asking): Promise<void> {
    const { url } = this.#scene.api;
    const stop = new AbortController();
    const { signal } = stop;
    const response = await fetch(`${url}/api/v1/stream?subscribe=points`, {
      headers: asking.headers,
      signal,
    });
    const seen = new Set<string>();
    if (response.status === 200 && response.body) {
      this.#scene.platform.ingest(PLACES.map((place) => ({ ...place, values: { live: 1 } })));
      for (const key of await firstKeys(response.body)) seen.add(key);
    }
    stop.abort();
    for (const place of PLACES) {
      this.#compare(asking, 'stream', place, seen.has(keyOf(place)), mayNaively(asking, 'see', place));
    }
  }

  #compare(asking: Asking, what: string, place: Place, isLetIn: boolean, isWanted: boolean): void {
    this.triples++;
    if (isLetIn === isWanted) return;
    const who = `${asking.name} ${JSON.stringify(asking.grants)}`;
    const [answered, wanted] = [isLetIn, isWanted].map((is) => (is ? 'let in' : 'refused'));
    this.leaks.push({ who, what, where: keyOf(place), answered: String(answered), wanted: String(wanted) });
  }

  #send(asking: Asking, method: string, path: string, body?: object) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...asking.headers,
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
      const sent = request(
        this.#scene.api.url + path,
        { method, headers, agent: this.#agent },
        (response) => {
          let got = '';
          response.setEncoding('utf8').on('data', (piece: string) => {
            got += piece;
          });
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text: got }));
        },
      );
      sent.on('error', reject);
      sent.end(text);
    });
  }
}

interface Single {
  readonly name: string;
  /** What the oracle calls it. */
  readonly what: string;
  readonly method: string;
  readonly path: (place: Place, at: number) => string;
  readonly body?: (place: Place) => object;
}

const part = encodeURIComponent;
const inPath = ({ tenant, project, device }: Place) => `${part(tenant)}/${part(project)}/${part(device)}`;
const inQuery = ({ tenant, project, device }: Place) =>
  `tenant=${part(tenant)}&project=${part(project)}&device=${part(device)}`;
const letterAt = (at: number) => 2 * at + 1;

const SINGLES: readonly Single[] = [
  { name: 'getDevice', what: 'see', method: 'GET', path: (place) => `/api/v1/devices/${inPath(place)}` },
  {
    name: 'getLatest',
    what: 'see',
    method: 'GET',
    path: (place) => `/api/v1/devices/${inPath(place)}/latest`,
  },
  {
    name: 'queryTelemetry',
    what: 'see',
    method: 'GET',
    path: (place) => `/api/v1/telemetry?${inQuery(place)}&metric=v&from=now-1h`,
  },
  {
    name: 'exportTelemetry',
    what: 'see',
    method: 'GET',
    path: (place) => `/api/v1/telemetry?${inQuery(place)}&metric=v&from=now-1h&format=ndjson`,
  },
  {
    name: 'openStream',
    what: 'see',
    method: 'HEAD',
    path: (place) => `/api/v1/stream?subscribe=points:${part(inPath(place).replaceAll('*', '%2A'))}`,
  },
  {
    name: 'getDeadLetter',
    what: 'letters',
    method: 'GET',
    path: (_, at) => `/api/v1/dead-letters/${letterAt(at)}`,
  },
  {
    name: 'replayDeadLetter',
    what: 'change-letters',
    method: 'POST',
    path: (_, at) => `/api/v1/dead-letters/${letterAt(at)}/replay`,
  },
  {
    name: 'createToken',
    what: 'give',
    method: 'POST',
    path: () => '/api/v1/tokens',
    body: (place) => ({ name: `t${serial++}`, grants: [{ role: 'viewer', ...place }] }),
  },
];

let serial = 0;

const LISTS = [
  { name: 'listDevices', what: 'see', path: '/api/v1/devices?limit=7' },
  { name: 'listGaps', what: 'ledger', path: '/api/v1/gaps?limit=7' },
  { name: 'listDeadLetters', what: 'letters', path: '/api/v1/dead-letters?limit=7' },
];

function keyOf({ tenant, project, device }: Place): string {
  return JSON.stringify([tenant, project, device]);
}

function pageOf(
  status: number,
  text: string,
): { readonly items: readonly Place[]; readonly cursor: string | null } {
  if (status === 403) return { items: [], cursor: null };
  if (status !== 200) throw new TypeError(`A list answered ${status}: ${text}`);
  return JSON.parse(text);
}

/** Places that the first event of a stream tells points of: what is ingested at once is told at once. */
async function firstKeys(body: ReadableStream<Uint8Array>): Promise<string[]> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    const data = /^data: (.*)\n\n/m.exec(text)?.[1];
    if (data !== undefined) return JSON.parse(data).devices.map(keyOf);
  }
  return [];
}
