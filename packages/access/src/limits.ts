import type { LimitTable } from '@skerry/kernel';

/** Limits of users, tokens, sessions and the audit log. */
export const LIMITS = {
  usersMax: {
    value: 10_000,
    unit: 'count',
    what: 'Users of one data folder.',
    whenFull:
      'A further user is refused with 409 `too-many-users`. Where less than an eighth is free, that of a tenant with more than half of what is left is too.',
  },
  tokensMax: {
    value: 1_000_000,
    unit: 'count',
    what: 'Access tokens of one data folder.',
    whenFull: 'A further token is refused with 409 `too-many-tokens`; shared among tenants as `usersMax` is.',
  },
  sessionsPerUserMax: {
    value: 32,
    unit: 'count',
    what: 'Sessions of one user at a time.',
    whenFull: 'The session that was used longest ago ends.',
  },
  grantsMax: {
    value: 64,
    unit: 'count',
    what: 'Grants of one user or token.',
    whenFull: 'The change is refused with 400 `grant-invalid`.',
  },
  passwordCharsMin: {
    value: 10,
    unit: 'count',
    what: 'Characters of a new password, at least.',
    whenFull: 'A shorter one is refused with 400 `password-invalid`.',
  },
  passwordBytesMax: {
    value: 1_024,
    unit: 'bytes',
    what: 'Bytes of a password.',
    whenFull: 'A longer one is refused with 400 `password-invalid` when it is set, and never matches.',
  },
  sessionIdleSecs: {
    value: 12 * 3_600,
    unit: 'secs',
    what: 'Time a session lasts without a request.',
    whenFull: 'The session has ended; its user signs in again.',
  },
  sessionSecsMax: {
    value: 7 * 24 * 3_600,
    unit: 'secs',
    what: 'Time a session lasts in all.',
    whenFull: 'The session has ended; its user signs in again.',
  },
  signInCodeSecs: {
    value: 900,
    unit: 'secs',
    what: 'Time in which a one-time sign-in link can be used.',
    whenFull: 'The link does nothing; `skerry user link` prints another.',
  },
  signInCodesMax: {
    value: 64,
    unit: 'count',
    what: 'One-time sign-in links that are valid at a time.',
    whenFull: 'The oldest is forgotten.',
  },
  hashesWaitingMax: {
    value: 16,
    unit: 'count',
    what: 'Passwords that wait to be verified; one is hashed at a time.',
    whenFull: 'A further sign-in is refused with 503 `sign-in-busy`.',
    metric: 'iot_access_hashes_waiting',
  },
  rememberedSecs: {
    value: 300,
    unit: 'secs',
    what: 'Time for which a password that was verified is remembered as a keyed hash.',
    whenFull: 'The password is verified by scrypt again.',
  },
  rememberedMax: {
    value: 1_024,
    unit: 'count',
    what: 'Verified passwords that are remembered.',
    whenFull: 'The oldest is forgotten.',
  },
  attemptsPerAddressMax: {
    value: 30,
    unit: 'count',
    what: 'Sign-ins with a password that one address (of IPv6: one /64) may try at once; one more every 2 s.',
    whenFull: 'The sign-in is refused with 429 `too-many-attempts` and `retry-after`.',
    metric: 'iot_access_sign_ins_throttled_total',
  },
  attemptRefillMs: {
    value: 2_000,
    unit: 'ms',
    what: 'Time after which an address may try once more.',
    whenFull: 'The address may try again.',
  },
  failuresPerNameMax: {
    value: 5,
    unit: 'count',
    what: 'Wrong passwords in a row for one name before it waits; the wait begins at 1 s and doubles.',
    whenFull:
      'The sign-in is refused with 429 `too-many-attempts` and `retry-after`, whether the name exists or not.',
    metric: 'iot_access_sign_ins_throttled_total',
  },
  lockOutMs: {
    value: 900_000,
    unit: 'ms',
    what: 'Longest time for which a name waits after wrong passwords; so long after the last one they are forgotten.',
    whenFull: 'The name may be tried again.',
  },
  knownAddressMs: {
    value: 7 * 86_400_000,
    unit: 'ms',
    what: 'Time for which an address that has signed in as a user keeps its own count of wrong passwords, so that those of others do not let it wait; in memory.',
    whenFull: 'Its wrong passwords count with those of everybody for the name.',
  },
  attemptEntriesMax: {
    value: 20_000,
    unit: 'count',
    what: 'Addresses and names whose sign-ins are counted, and addresses that have signed in as a user, of each.',
    whenFull: 'The one that was tried longest ago is forgotten.',
  },
  useNotedSecs: {
    value: 60,
    unit: 'secs',
    what: 'Time between two writes of when tokens and sessions were used last.',
    whenFull: 'All of them are written in one transaction.',
  },
  auditFileBytesMax: {
    value: 16_777_216,
    unit: 'bytes',
    what: 'One file of the audit log.',
    whenFull: 'The log goes on in the next file; the chain of hashes goes on with it.',
  },
  auditBytesMax: {
    value: 1_073_741_824,
    unit: 'bytes',
    what: 'All files of the audit log together.',
    whenFull: 'The oldest file is removed; an entry says which numbers it held and its last hash.',
  },
  refusalFoldSecs: {
    value: 60,
    unit: 'secs',
    what: 'Time in which refusals of one kind from one place are counted in one entry after the first.',
    whenFull: 'The entry with the count is appended.',
  },
  refusalKindsMax: {
    value: 1_000,
    unit: 'count',
    what: 'Kinds of refusals that are counted at a time.',
    whenFull: 'Refusals of further kinds are counted together.',
  },
  refusalTargetsMax: {
    value: 16,
    unit: 'count',
    what: 'Targets of the refusals of one subject and address for one action, told one by one within a minute.',
    whenFull: 'Refusals of further targets are counted in one entry, whose target is `several names`.',
  },
  agentCharsMax: {
    value: 200,
    unit: 'count',
    what: 'Characters kept of what the browser of a session calls itself.',
    whenFull: 'The rest is left out.',
  },
} as const satisfies LimitTable;
