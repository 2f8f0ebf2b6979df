import { loadConfig } from '../config/load.ts';
import { outputFormat, printRows, write } from '../output/rows.ts';
import { configSources } from './instance.ts';
import { INSTANCE_FLAGS, OUTPUT_FLAG, type Verb } from './verb.ts';

/** `skerry verify`: exit code 1 when something is lost, doubled, changed or out of order. */
export const verifyVerb: Verb = {
  path: ['verify'],
  summary: "Compares senders' ledgers with the files of a data folder, message by message.",
  positionals: [
    {
      name: 'LEDGER…',
      what: 'Files of senders (docs/formats/sender-ledger.md).',
      isRequired: true,
      isRest: true,
    },
  ],
  flags: [
    { name: 'findings', type: 'number', what: 'Findings listed of each verdict; 100 when absent.' },
    OUTPUT_FLAG,
    ...INSTANCE_FLAGS,
  ],
  examples: ['skerry verify sent.ledger --data-dir /var/lib/skerry', 'skerry verify run/*.ledger -o json'],
  async run(context) {
    const { config } = loadConfig(configSources(context));
    const { formatReport, verify } = await import('@skerry/verify');
    const report = await verify({
      senderLedgers: context.positionals,
      dataDir: config.dataDir,
      ...(typeof context.flags.findings === 'number' ? { findingsMax: context.flags.findings } : {}),
    });
    const format = outputFormat(context.flags.output);
    if (format === 'table' || format === 'wide') await write(context.stdout, formatReport(report));
    else await printRows(context, format, [report], [], report);
    return report.isClean ? 0 : 1;
  },
};
