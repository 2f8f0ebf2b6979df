import { verifyAudit } from '@skerry/access';
import type { AuditPage, AuditEntry as Entry, AuditVerdict as Verdict } from '@skerry/client';
import { nodeDisk } from '@skerry/kernel/node';
import { loadConfig } from '../config/load.ts';
import { type Column, outputFormat, printRows } from '../output/rows.ts';
import { auditFolderOf } from '../processes/access-room.ts';
import { configSources, openClient, remoteInstance } from './instance.ts';
import { givenTexts } from './narrowing.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb, type VerbContext } from './verb.ts';

const OUTCOMES = ['allowed', 'refused', 'failed'] as const;
const ROWS = 50;

/** `skerry audit list`. */
export const auditListVerb: Verb = {
  path: ['audit', 'list'],
  summary: 'Who did or tried what, newest first.',
  positionals: [],
  flags: [
    { name: 'author', type: 'text', what: 'Only this author: local, a user, token:NAME, anonymous.' },
    {
      name: 'action',
      type: 'text',
      what: 'Only actions that begin with this: session., user., dead-letters.',
    },
    { name: 'outcome', type: 'text', choices: OUTCOMES, what: 'Only this outcome.' },
    { name: 'limit', type: 'number', value: 'N', what: `Entries; ${ROWS} when absent.` },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: ['skerry audit list', 'skerry audit list --outcome refused --limit 500 -o ndjson'],
  async run(context) {
    const rows = await entriesOf(context, Number(context.flags.limit ?? ROWS));
    await printRows(context, outputFormat(context.flags.output), rows, ENTRY_COLUMNS);
    if (rows.length === 0) context.stderr.write('No entry fits.\n');
    return 0;
  },
};

const PAGE_ROWS = 1_000;

async function entriesOf(context: VerbContext, wanted: number): Promise<Entry[]> {
  const client = openClient(context);
  const outcome = OUTCOMES.find((one) => one === context.flags.outcome);
  const narrow = {
    ...givenTexts(context, ['author', 'action']),
    ...(outcome === undefined ? {} : { outcome }),
  };
  const rows: Entry[] = [];
  let cursor: string | null = null;
  do {
    const limit = Math.min(PAGE_ROWS, wanted - rows.length);
    const page: AuditPage = await client.listAudit(
      { ...narrow, limit, ...(cursor === null ? {} : { cursor }) },
      { signal: context.signal },
    );
    rows.push(...page.items);
    cursor = page.cursor;
  } while (cursor !== null && rows.length < wanted);
  return rows;
}

const ENTRY_COLUMNS: readonly Column<Entry>[] = [
  { title: 'N', align: 'right', cell: (row) => String(row.n) },
  { title: 'TIME', cell: (row) => row.time },
  { title: 'AUTHOR', cell: (row) => row.author },
  { title: 'ACTION', cell: (row) => row.action },
  { title: 'TARGET', cell: (row) => row.target },
  {
    title: 'OUTCOME',
    cell: (row) => (row.count > 1 ? `${row.outcome} ${row.count} times` : row.outcome),
    tone: (row) => (row.outcome === 'allowed' ? undefined : 'warning'),
  },
  { title: 'FROM', cell: (row) => row.from },
  { title: 'DETAIL', isWide: true, cell: (row) => row.detail },
];

/** `skerry audit verify`: of the files of a data folder, whether an instance runs on it or not, or of a remote one. */
export const auditVerifyVerb: Verb = {
  path: ['audit', 'verify'],
  summary:
    'Reads the whole audit log and tells every line that was changed, removed or cut off, by its number.',
  positionals: [],
  flags: [OUTPUT_FLAG, ...INSTANCE_FLAGS],
  examples: ['skerry audit verify', 'skerry audit verify -o json'],
  async run(context) {
    const verdict = await verdictOf(context);
    const { findings } = verdict;
    await printRows(context, outputFormat(context.flags.output), findings, FINDING_COLUMNS, verdict);
    context.stderr.write(
      verdict.intact
        ? `All ${verdict.entries} entries of the audit log fit together; the last is ${verdict.last}.\n`
        : `${findings.length} ${findings.length === 1 ? 'place does' : 'places do'} not fit, of ${verdict.entries} entries.\n`,
    );
    return verdict.intact ? 0 : 1;
  },
};

async function verdictOf(context: VerbContext): Promise<Verdict> {
  if (remoteInstance(context)) return await openClient(context).verifyAudit({}, { signal: context.signal });
  const { config } = loadConfig(configSources(context));
  const { entries, head, findings } = verifyAudit(nodeDisk(), auditFolderOf(config.dataDir));
  return { intact: findings.length === 0, entries, last: head.n, findings };
}

const FINDING_COLUMNS: readonly Column<Verdict['findings'][number]>[] = [
  { title: 'ENTRY', align: 'right', cell: (row) => String(row.n) },
  { title: 'FILE', cell: (row) => row.file },
  { title: 'LINE', align: 'right', cell: (row) => (row.line === 0 ? '' : String(row.line)) },
  { title: 'DETAIL', cell: (row) => row.detail },
];
