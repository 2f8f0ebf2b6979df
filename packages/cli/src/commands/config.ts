import { Document, isScalar, isSeq } from 'yaml';
import { withoutSecrets } from '../config/hidden-secrets.ts';
import { loadConfig } from '../config/load.ts';
import { ROLES, refuseFaults, roleFaults, upFaults } from '../config/role-rules.ts';
import { configLeaves, type SkerryConfig } from '../config/schema.ts';
import { outputFormat, printRows, write } from '../output/rows.ts';
import { readRunFile } from '../processes/data-folder.ts';
import { certificateNameFaults, tlsListeners } from '../processes/tls-files.ts';
import { configFlags, configSources } from './instance.ts';
import { type Flag, OUTPUT_FLAG, type Verb } from './verb.ts';

/** `skerry config print`: what `skerry up` would start with here, each value with where it comes from. */
export const configPrintVerb: Verb = {
  path: ['config', 'print'],
  summary:
    'What skerry up would start with from this file, environment and flags, each value with where it comes from; not what a running instance goes by.',
  positionals: [],
  flags: [OUTPUT_FLAG, ...configFlags()],
  examples: ['skerry config print > skerry.yaml', 'SKERRY_HTTP_PORT=9090 skerry config print -o wide'],
  async run(context) {
    const { config: loaded, origins } = loadConfig(configSources(context));
    const config = withoutSecrets(loaded);
    const format = outputFormat(context.flags.output);
    const run = readRunFile(loaded.dataDir);
    context.stderr.write(
      `skerry up would start with this here.${run ? ` What the instance that runs (process ${run.pid}) goes by is on the page under Settings, and in configuration.json of skerry support-bundle.` : ''}\n`,
    );
    if (format === 'table' || format === 'yaml') {
      await write(context.stdout, annotatedYaml(config, origins));
      return 0;
    }
    const rows = configLeaves().map(({ path }) => ({
      path,
      value: path.split('.').reduce<unknown>((node, key) => (node as Record<string, unknown>)[key], config), // every leaf's path exists in a loaded configuration
      origin: String(origins[path]),
    }));
    await printRows(
      context,
      format,
      rows,
      [
        { title: 'KEY', cell: (row) => row.path },
        { title: 'VALUE', cell: (row) => JSON.stringify(row.value) },
        { title: 'FROM', cell: (row) => row.origin },
      ],
      config,
    );
    return 0;
  },
};

/** The configuration as YAML that can be read again, with origins as comments. */
function annotatedYaml(config: SkerryConfig, origins: Readonly<Record<string, string>>): string {
  const document = new Document(config);
  for (const { path } of configLeaves()) {
    const node = document.getIn(path.split('.'), true);
    if (isScalar(node)) node.comment = ` ${origins[path]}`;
    else if (isSeq(node)) node.commentBefore = ` ${origins[path]}`;
  }
  return document.toString({ lineWidth: 0 });
}

const ROLE_FLAG: Flag = {
  name: 'role',
  type: 'text',
  value: 'ROLE',
  choices: ROLES,
  what: 'Checks what a process of a larger site would start with; skerry up when absent.',
};

/** `skerry config check`: every fault at once, those of the files it names included, exit code 3 when there is one. */
export const configCheckVerb: Verb = {
  path: ['config', 'check'],
  summary:
    'Checks file, environment, flags and the certificates, keys and passwords they name, and tells every fault at once.',
  positionals: [],
  flags: [ROLE_FLAG, ...configFlags()],
  examples: [
    'skerry config check --config skerry.yaml',
    'skerry config check --role gateway --config site.yaml',
  ],
  async run(context) {
    const { config } = loadConfig(configSources(context));
    const role = ROLES.find((one) => one === context.flags.role);
    if (role) refuseFaults(`of a ${role}`, roleFaults(role, config));
    else refuseFaults('', upFaults(config));
    const { checkNamedFiles } = await import('../processes/named-files.ts');
    checkNamedFiles(role, config);
    for (const fault of certificateNameFaults(config, tlsListeners(role, config)))
      context.stderr.write(`WARNING ${fault}\n`);
    context.stderr.write('The configuration has no faults.\n');
    return 0;
  },
};
