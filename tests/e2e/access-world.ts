import { Agent, request } from 'node:http';
import type { SeededRandom } from '@skerry/kernel/testing';

/** Where something is, as the oracle says it; an empty level: not that far. */
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

/** Somebody who asks: a token or a user with a session. */
export interface Asking {
  readonly name: string;
  readonly grants: readonly NaiveGrant[];
  readonly headers: Readonly<Record<string, string>>;
  /** Secret of a token; undefined for a user. */
  readonly secret: string | undefined;
}

/** What each role may do, written out by hand: nothing here is read from the product. */
const MAY: Readonly<Record<string, string>> = {
  admin: 'see write letters mend ledger recount pipes declare simulate platform listen give people log',
  operator: 'see write letters mend ledger recount pipes declare simulate platform listen',
  viewer: 'see letters ledger pipes platform listen',
  device: 'write listen',
};

/** The place of everything. */
export const ALL: Place = { tenant: '', project: '', device: '' };

/** The oracle: whether a subject may do something to all of a place, level by level. */
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

/** Whether a subject may do something anywhere at all. */
export function maySomewhere({ grants }: Pick<Asking, 'grants'>, what: string): boolean {
  return grants.some(({ role }) => String(MAY[role]).split(' ').includes(what));
}

/** The place that a grant reaches. */
export function placeOf({ path: [tenant = '', project = '', device = ''] }: NaiveGrant): Place {
  return { tenant, project, device };
}

/** Whether a subject may do something to a user or token: wherever its grants reach. */
export function mayToSubject(asking: Asking, what: string, target: Pick<Asking, 'grants'>): boolean {
  if (target.grants.length === 0) return mayNaively(asking, what, ALL);
  return target.grants.every((grant) => mayNaively(asking, what, placeOf(grant)));
}

/** Every place of these ids. */
export function placesOf(
  tenants: readonly string[],
  projects: readonly string[],
  devices: readonly string[],
): Place[] {
  return tenants.flatMap((tenant) =>
    projects.flatMap((project) => devices.map((device) => ({ tenant, project, device }))),
  );
}

/** One of some, at random. */
export function anyOf<T>(random: SeededRandom, some: readonly T[]): T {
  const found = some[random.int(some.length)];
  if (found === undefined) throw new TypeError('There is none to pick.');
  return found;
}

/** A place as a text, to be compared. */
export function keyOf({ tenant, project, device }: Place): string {
  return JSON.stringify([tenant, project, device]);
}

/** A grant as the API takes it. */
export function grantOf({ role, path: [tenant, project, device] }: NaiveGrant) {
  return {
    role,
    ...(tenant === undefined ? {} : { tenant }),
    ...(project === undefined ? {} : { project }),
    ...(device === undefined ? {} : { device }),
  };
}

/** JSON that no decoder understands: it is nested too deeply. */
export const NO_TELEMETRY: object = JSON.parse(`${'['.repeat(200)}1${']'.repeat(200)}`);

/** What was answered. */
export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly cookie: string | undefined;
}

/** A server that is asked, with somebody who may do everything. */
export class AccessWorld implements Disposable {
  readonly url: string;
  readonly places: readonly Place[];
  readonly subjects: Asking[] = [];
  /** Offset of a dead letter of each place, by its key. */
  readonly letters = new Map<string, number>();
  readonly #admin: Asking;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 16 });
  #serial = 0;

  constructor(url: string, token: string, places: readonly Place[]) {
    this.url = url;
    this.places = places;
    const headers = { authorization: `Bearer ${token}` };
    this.#admin = { name: 'local', grants: [{ role: 'admin', path: [] }], headers, secret: token };
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }

  /** A name that was not used yet. */
  unused(what: string): string {
    return `${what}${this.#serial++}`;
  }

  /** Asks as somebody. */
  ask(asking: Pick<Asking, 'headers'>, method: string, path: string, body?: object): Promise<Answered> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      ...asking.headers,
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
    };
    return new Promise((resolve, reject) => {
      const sent = request(this.url + path, { method, headers, agent: this.#agent }, (response) => {
        let got = '';
        response.setEncoding('utf8').on('data', (piece: string) => {
          got += piece;
        });
        const cookie = response.headers['set-cookie']?.[0]?.split(';')[0];
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text: got, cookie }));
      });
      sent.on('error', reject);
      sent.end(text);
    });
  }

  /** Asks as who may do everything; fails with a plain error unless the answer is 200. */
  async must<T>(method: string, path: string, body?: object): Promise<T> {
    const { status, text } = await this.ask(this.#admin, method, path, body);
    if (status !== 200) throw new TypeError(`${method} ${path} answered ${status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  }

  /** All devices, as who may do everything sees them. */
  async devices(): Promise<Place[]> {
    const devices: Place[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: { readonly items: readonly Place[]; readonly cursor: string | null } = await this.must(
        'GET',
        `/api/v1/devices?limit=1000${cursor && `&cursor=${encodeURIComponent(cursor)}`}`,
      );
      devices.push(...page.items);
      cursor = page.cursor;
    }
    return devices;
  }

  /** Makes a token or a user with a session. */
  async subject(grants: readonly NaiveGrant[], isUser: boolean): Promise<Asking> {
    const name = this.unused('s');
    const body = { name, grants: grants.map(grantOf) };
    if (isUser) {
      await this.must('POST', '/api/v1/users', body);
      return { name, grants, headers: await this.session(name), secret: undefined };
    }
    const { secret } = await this.must<{ readonly secret: string }>('POST', '/api/v1/tokens', body);
    return { name, grants, headers: { authorization: `Bearer ${secret}` }, secret };
  }

  /** Headers of a new session of a user. */
  async session(user: string): Promise<Readonly<Record<string, string>>> {
    const { code } = await this.must<{ readonly code: string }>('POST', '/api/v1/access/sign-in-links', {
      user,
    });
    const { status, cookie } = await this.ask({ headers: {} }, 'POST', '/api/v1/session', { code });
    if (status !== 200 || cookie === undefined) throw new TypeError(`Signing in answered ${status}.`);
    return { cookie, origin: this.url, 'x-skerry-request': '1' };
  }

  /** Makes subjects with up to three grants of any role and reach. */
  async populate(count: number, random: SeededRandom): Promise<void> {
    for (let i = 0; i < count; i++) {
      const grants = Array.from({ length: random.int(4) }, () => this.#aGrant(random));
      this.subjects.push(await this.subject(grants, random.chance(0.5)));
    }
  }

  /** A dead letter of a place that nobody has touched, when it can be seen. */
  async newLetter(place: Place): Promise<number> {
    const { firstOffset } = await this.must<{ readonly firstOffset: number }>(
      'POST',
      `/api/v1/telemetry/${inPath(place)}`,
      NO_TELEMETRY,
    );
    for (;;) {
      const { status } = await this.ask(this.#admin, 'GET', `/api/v1/dead-letters/${firstOffset}`);
      if (status === 200) return firstOffset;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Reads which letters there are, once the places are filled. */
  async findLetters(): Promise<void> {
    const path = '/api/v1/dead-letters?limit=1000';
    const { items } = await this.must<{ readonly items: readonly (Place & { offset: number })[] }>(
      'GET',
      path,
    );
    for (const item of items) this.letters.set(keyOf(item), item.offset);
  }

  #aGrant(random: SeededRandom): NaiveGrant {
    const place = this.places[random.int(this.places.length)];
    const levels = place ? [place.tenant, place.project, place.device] : [];
    return {
      role: random.pick(['admin', 'operator', 'viewer', 'device']),
      path: levels.slice(0, random.chance(0.1) ? 0 : 1 + random.int(3)),
    };
  }
}

const part = encodeURIComponent;

/** A place as a path of the API has it. */
export const inPath = ({ tenant, project, device }: Place): string =>
  `${part(tenant)}/${part(project)}/${part(device)}`;

/** A place as a query of the API has it. */
export const inQuery = ({ tenant, project, device }: Place): string =>
  `tenant=${part(tenant)}&project=${part(project)}&device=${part(device)}`;

/** Whether telemetry of a place can be sent over HTTP and MQTT. */
export const isSendable = (place: Place): boolean => !/[/+#]/.test(keyOf(place));
