import { type Grant, isDotSegment, ROLES } from '@skerry/model';
import { AccessError } from './errors.ts';
import { LIMITS } from './limits.ts';

/** API group and version of every document of this package. */
export const API_VERSION = 'skerry.dev/v1alpha1';

/** Languages of the page. */
export const LANGUAGES = ['en', 'zh'] as const;

/** One of the languages. */
export type Language = (typeof LANGUAGES)[number];

/** A password as it is kept: scrypt (RFC 7914) with the parameters it was made with; salt and hash in hex. */
export interface PasswordHash {
  readonly algorithm: 'scrypt';
  readonly n: number;
  readonly r: number;
  readonly p: number;
  readonly salt: string;
  readonly hash: string;
}

interface Document<Kind extends string, Spec> {
  readonly apiVersion: typeof API_VERSION;
  readonly kind: Kind;
  /** `createdMicros`: microseconds since 1970. */
  readonly metadata: { readonly name: string; readonly createdMicros: number };
  readonly spec: Spec;
}

/** A person. `password` null: signs in by link only. */
export type UserDocument = Document<
  'User',
  {
    readonly displayName: string;
    /** Undefined: the browser's. */
    readonly language: Language | null;
    readonly grants: readonly Grant[];
    readonly isDisabled: boolean;
    readonly password: PasswordHash | null;
  }
>;

/** What a program or device shows to be let in. The secret is not kept, only its SHA-256 beside the document. */
export type AccessTokenDocument = Document<
  'AccessToken',
  {
    readonly grants: readonly Grant[];
    /** Microseconds since 1970; null: never. */
    readonly expiresMicros: number | null;
    /** Who made it, as the audit log writes it. */
    readonly createdBy: string;
  }
>;

/** A signed-in browser; its name is an id that is no secret. */
export type SessionDocument = Document<
  'Session',
  { readonly user: string; readonly expiresMicros: number; readonly from: string; readonly agent: string }
>;

/** A link that signs a user in once. */
export type SignInCodeDocument = Document<
  'SignInCode',
  { readonly user: string; readonly expiresMicros: number }
>;

/** The documents by their kind. */
export interface AccessDocuments {
  readonly User: UserDocument;
  readonly AccessToken: AccessTokenDocument;
  readonly Session: SessionDocument;
  readonly SignInCode: SignInCodeDocument;
}

/** The kinds. */
export type DocumentKind = keyof AccessDocuments;

const NAME = /^[a-z0-9][a-z0-9._@-]{0,63}$/i;
const RESERVED: ReadonlySet<string> = new Set(['local', 'anonymous', 'nobody', 'system']);

/** Checks the name of a user or token. Fails with `name-invalid`. */
export function checkName(name: string): void {
  if (NAME.test(name) && !RESERVED.has(name.toLowerCase())) return;
  throw new AccessError(
    'name-invalid',
    `Found the name ${JSON.stringify(name.slice(0, 80))}, wanted 1 to 64 letters, digits and . _ @ - that begin with a letter or digit, and none of ${[...RESERVED].join(', ')}.`,
  );
}

/** Checks grants and gives them back with their own members only. Fails with `grant-invalid`. */
export function checkGrants(grants: readonly Grant[]): Grant[] {
  if (grants.length > LIMITS.grantsMax.value) {
    throw new AccessError(
      'grant-invalid',
      `Found ${grants.length} grants, wanted at most ${LIMITS.grantsMax.value}.`,
    );
  }
  return grants.map(checkGrant);
}

function checkGrant(grant: Grant): Grant {
  const { role, tenant, project, device } = grant;
  const parts = [tenant, project, device];
  const isNested = parts.every((part, at) => part === undefined || at === 0 || parts[at - 1] !== undefined);
  const isId = (part: string | undefined) => part === undefined || (part !== '' && !isDotSegment(part));
  if (!ROLES.includes(role) || !isNested || !parts.every(isId)) {
    throw new AccessError(
      'grant-invalid',
      `Found the grant ${JSON.stringify(grant)}, wanted a role of ${ROLES.join(', ')}, and a project only with its tenant, a device only with its project, none of them empty, "." or "..".`,
    );
  }
  return {
    role,
    ...(tenant === undefined ? {} : { tenant }),
    ...(project === undefined ? {} : { project }),
    ...(device === undefined ? {} : { device }),
  };
}

/** Checks a password that is to be set. Fails with `password-invalid`. */
export function checkPassword(password: string): void {
  const bytes = new TextEncoder().encode(password).length;
  if (password.length >= LIMITS.passwordCharsMin.value && bytes <= LIMITS.passwordBytesMax.value) return;
  throw new AccessError(
    'password-invalid',
    `Found a password of ${password.length} characters, wanted ${LIMITS.passwordCharsMin.value} or more, and at most ${LIMITS.passwordBytesMax.value} bytes.`,
  );
}
