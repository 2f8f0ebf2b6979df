import { count, things } from '../../words/english.ts';

/** Texts of the audit log, in English. */
export const en = {
  title: 'Audit',
  lead: 'Who did what and when, and what was refused. Each entry holds the digest of the one before it, so a change, a removal or a cut shows.',
  author: 'Who',
  action: 'What',
  target: 'To what',
  outcome: 'Outcome',
  outcomes: { allowed: 'Done', refused: 'Refused', failed: 'Failed', any: 'Any' },
  when: 'When',
  from: 'From',
  number: 'No.',
  detail: 'Facts',
  everywhere: 'everywhere',
  anyAction: 'Anything',
  groups: {
    'user.': 'Users',
    'token.': 'Tokens',
    'session.': 'Signing in and out',
    'sign-in-link.': 'Sign-in links',
    'pipelines.': 'Pipelines',
    'dead-letters.': 'Dead letters',
    'mqtt.': 'MQTT',
  },
  actions: {
    'user.create': 'made a user',
    'user.change': 'changed a user',
    'user.remove': 'removed a user',
    'token.create': 'made a token',
    'token.remove': 'revoked a token',
    'session.create': 'signed in',
    'session.end': 'ended a session',
    'sign-in-link.create': 'made a sign-in link',
    'pipelines.apply': 'applied a document',
    'pipelines.undo': 'undid a document',
    'pipelines.remove': 'removed a document',
    'dead-letters.replay': 'replayed dead letters',
    'dead-letters.discard': 'discarded dead letters',
    'mqtt.connect': 'connected over MQTT',
  },
  times: (times: number) => `${count(times)} times`,
  listed: (entries: number) => things(entries, 'entry', 'entries'),
  none: 'The audit log is empty.',
  noneOf: 'No entry matches.',
  chain: 'The chain',
  checking: 'The whole log is being read…',
  intact: (entries: number) =>
    `All ${things(entries, 'entry', 'entries')} fit the chain: nothing was changed, removed or cut off.`,
  broken: (findings: number) =>
    `The chain is broken in ${things(findings, 'place')}. Somebody or something has changed the files of the log.`,
  finding: (n: number, file: string, line: number) =>
    line > 0 ? `Entry ${count(n)}, ${file} line ${count(line)}` : `Entry ${count(n)}, missing in ${file}`,
  again: 'Check again',
  export: 'Export',
  exporting: (entries: number) => `${count(entries)} entries…`,
  exportAs: { csv: 'Export as CSV', ndjson: 'Export as NDJSON' },
};

/** Shape of the texts of the audit log. */
export type AuditWords = typeof en;
