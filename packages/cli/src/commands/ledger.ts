import { type AuditReport, clientFault, type Gap } from '@skerry/client';
import { nodeClock } from '@skerry/kernel/node';
import { ACCOUNTS, type LedgerAccounts } from '@skerry/model';
import { Progress } from '../output/progress.ts';
import { type Column, outputFormat, printRows, write } from '../output/rows.ts';
import { openClient } from './instance.ts';
import { everyItem, NARROWING_FLAGS, narrowing } from './narrowing.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb, type VerbContext } from './verb.ts';

/** `skerry ledger`: exit code 1 when it does not balance, or when the audit finds something. */
export const ledgerVerb: Verb = {
  path: ['ledger'],
  summary: 'The account of every record received; exit code 1 when it does not balance.',
  positionals: [],
  flags: [
    {
      name: 'audit',
      type: 'switch',
      what: 'Recounts journal and store record by record, and says what differs.',
    },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: ['skerry ledger', 'skerry ledger -o json', 'skerry ledger --audit'],
  run: (context) => (context.flags.audit === true ? audit(context) : showLedger(context)),
};

interface LedgerRow extends LedgerAccounts {
  readonly tenant: string;
  readonly project: string;
}

async function showLedger(context: VerbContext): Promise<number> {
  const ledger = await openClient(context).getLedger({}, { signal: context.signal });
  const projects = ledger.projects.map(
    (one): LedgerRow => ({ tenant: one.tenant, project: one.project, ...accountsOf(one) }),
  );
  const whole = { totals: accountsOf(ledger.totals), balanced: ledger.balanced, projects };
  const format = outputFormat(context.flags.output);
  const isTable = format === 'table' || format === 'wide';
  const rows = isTable ? [...projects, { tenant: 'all', project: '', ...whole.totals }] : projects;
  await printRows(context, format, rows, COLUMNS, whole);
  for (const line of ledger.imbalances) context.stderr.write(`${line}\n`);
  for (const { detail } of ledger.notes) context.stderr.write(`${detail}\n`);
  context.stderr.write(
    ledger.balanced
      ? 'Every record received is accounted for.\n'
      : 'The ledger does NOT balance. skerry ledger --audit finds the records.\n',
  );
  return ledger.balanced ? 0 : 1;
}

/** The eight accounts in their fixed order, and nothing else. */
function accountsOf(accounts: LedgerAccounts): LedgerAccounts {
  return Object.fromEntries(ACCOUNTS.map((name) => [name, accounts[name]])) as unknown as LedgerAccounts; // ACCOUNTS names every member
}

const COLUMNS: readonly Column<LedgerRow>[] = [
  { title: 'TENANT', cell: (row) => row.tenant },
  { title: 'PROJECT', cell: (row) => row.project },
  ...ACCOUNTS.map(
    (name): Column<LedgerRow> => ({
      title: name.replace(/[A-Z]/g, (letter) => `-${letter}`).toUpperCase(),
      align: 'right',
      cell: (row) => String(row[name]),
    }),
  ),
];

async function audit(context: VerbContext): Promise<number> {
  const progress = new Progress(context.stderr, nodeClock().monotonicMs);
  let report: AuditReport | undefined;
  for await (const line of openClient(context).auditLedgerLines({}, { signal: context.signal })) {
    const step = line as { records: number; recordsTotal: number } | { report: AuditReport }; // the API's lines of an audit
    if ('report' in step) report = step.report;
    else {
      const note = `${step.records} of ${step.recordsTotal} records recounted`;
      progress.show({ done: step.records, total: step.recordsTotal, note });
    }
  }
  progress.end();
  if (!report) throw clientFault('answer-broken', 'the audit ended without a result');
  await printAudit(context, report);
  return report.balanced && report.findings.length === 0 ? 0 : 1;
}

async function printAudit(context: VerbContext, report: AuditReport): Promise<void> {
  const format = outputFormat(context.flags.output);
  const isClean = report.balanced && report.findings.length === 0;
  const isTable = format === 'table' || format === 'wide';
  if (!isTable || report.findings.length > 0) {
    await printRows(context, format, report.findings, FINDING_COLUMNS, report);
  }
  const left = report.findingsLeftOut > 0 ? ` ${report.findingsLeftOut} further findings are left out.` : '';
  const range = `offsets ${report.fromOffset} to ${report.toOffset}`;
  const seen =
    report.records === 0 && !isClean
      ? `Recounted NOTHING at ${range}`
      : `Recounted ${report.records} records at ${range}`;
  const text = `${seen}: ${isClean ? 'journal, store and ledger agree.' : 'NOT in order.'}${left}\n`;
  if (isTable) await write(context.stdout, text);
  else context.stderr.write(text);
}

const FINDING_COLUMNS: readonly Column<AuditReport['findings'][number]>[] = [
  { title: 'OFFSET', align: 'right', cell: (row) => (row.offset < 0 ? '-' : String(row.offset)) },
  { title: 'TENANT', cell: (row) => row.tenant },
  { title: 'PROJECT', cell: (row) => row.project },
  { title: 'DEVICE', cell: (row) => row.device },
  { title: 'FINDING', cell: (row) => row.detail },
];

/** `skerry ledger gaps`: numbers that devices left out. */
export const ledgerGapsVerb: Verb = {
  path: ['ledger', 'gaps'],
  summary: 'Gaps in the sequence numbers of devices, with their bounds.',
  positionals: [],
  flags: [...NARROWING_FLAGS, OUTPUT_FLAG, ...INSTANCE_FLAGS],
  examples: ['skerry ledger gaps --project plant'],
  async run(context) {
    const client = openClient(context);
    const rows = await everyItem<Gap>((page) =>
      client.listGaps({ ...narrowing(context), ...page }, { signal: context.signal }),
    );
    await printRows(context, outputFormat(context.flags.output), rows, [
      { title: 'TENANT', cell: (row) => row.tenant },
      { title: 'PROJECT', cell: (row) => row.project },
      { title: 'DEVICE', cell: (row) => row.device },
      { title: 'EPOCH', cell: (row) => row.epoch },
      { title: 'FROM', align: 'right', cell: (row) => String(row.from) },
      { title: 'TO', align: 'right', cell: (row) => String(row.to) },
      { title: 'MISSING', align: 'right', cell: (row) => String(row.to - row.from + 1) },
    ]);
    return 0;
  },
};
