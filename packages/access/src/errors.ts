import { type Advice, CodedError } from '@skerry/kernel';

/** Fault codes of users, tokens, sessions and the audit log. */
export type AccessFault =
  | 'sign-in-refused'
  | 'too-many-attempts'
  | 'sign-in-busy'
  | 'user-exists'
  | 'token-exists'
  | 'user-unknown'
  | 'token-unknown'
  | 'session-unknown'
  | 'last-admin'
  | 'password-invalid'
  | 'name-invalid'
  | 'grant-invalid'
  | 'too-many-users'
  | 'too-many-tokens'
  | 'audit-failed'
  | 'access-store-failed'
  | 'access-store-damaged';

/** What one fault means, and the HTTP status that tells it. */
export interface AccessFaultEntry {
  readonly advice: Advice;
  readonly meaning: string;
  readonly status: number;
  readonly title: string;
}

const entry = (status: number, advice: Advice, title: string, meaning: string): AccessFaultEntry => ({
  advice,
  meaning,
  status,
  title,
});

/** Status, title, advice and meaning of every fault (source of the error pages). */
export const ACCESS_FAULTS: Readonly<Record<AccessFault, AccessFaultEntry>> = {
  'sign-in-refused': entry(
    401,
    'give-up',
    'Sign-in refused',
    'Name and password do not belong together, the link was used or is too old, or the user is disabled; which of them is not told.',
  ),
  'too-many-attempts': entry(
    429,
    'retry',
    'Too many attempts',
    'The address or the name has tried too often; `retry-after` says when to try again.',
  ),
  'sign-in-busy': entry(
    503,
    'retry',
    'Too many sign-ins',
    'As many passwords wait to be verified as the limit allows; try again soon.',
  ),
  'user-exists': entry(409, 'give-up', 'The user exists', 'A user has this name already.'),
  'token-exists': entry(409, 'give-up', 'The token exists', 'An access token has this name already.'),
  'user-unknown': entry(404, 'give-up', 'No such user', 'No user has this name.'),
  'token-unknown': entry(404, 'give-up', 'No such token', 'No access token has this name.'),
  'session-unknown': entry(404, 'give-up', 'No such session', 'No session has this id.'),
  'last-admin': entry(
    409,
    'give-up',
    'The last administrator',
    'The change would leave nobody who may change everything.',
  ),
  'password-invalid': entry(
    400,
    'give-up',
    'The password cannot be used',
    'A password is too short or too long; the limits say how long it may be.',
  ),
  'name-invalid': entry(
    400,
    'give-up',
    'The name cannot be used',
    'Names are 1 to 64 letters, digits and `. _ @ -`, begin with a letter or digit, and are not reserved.',
  ),
  'grant-invalid': entry(
    400,
    'give-up',
    'The grant cannot be used',
    'A grant has a role, and a project only with its tenant, a device only with its project; `.` and `..` are no ids.',
  ),
  'too-many-users': entry(409, 'give-up', 'Too many users', 'As many users exist as the limit allows.'),
  'too-many-tokens': entry(409, 'give-up', 'Too many tokens', 'As many tokens exist as the limit allows.'),
  'audit-failed': entry(
    503,
    'retry',
    'The audit log takes nothing',
    'What is to be done could not be written to the audit log, so it is not done.',
  ),
  'access-store-failed': entry(
    503,
    'retry',
    'The store of users cannot be used',
    'Users, tokens or sessions could not be read or written.',
  ),
  'access-store-damaged': entry(
    500,
    'give-up',
    'The store of users is damaged',
    'The file `access.db` of the data folder is no whole database; put a copy of it in its place, or remove it and begin with a new user `admin`.',
  ),
};

/** A fault of users, tokens, sessions or the audit log. Its message and facts never hold a secret. */
export class AccessError extends CodedError<AccessFault> {
  get advice(): Advice {
    return ACCESS_FAULTS[this.code].advice;
  }
  /** HTTP status that tells the fault. */
  get status(): number {
    return ACCESS_FAULTS[this.code].status;
  }
}
