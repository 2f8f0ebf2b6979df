import { resolve } from 'node:path';
import { isLoopback } from '@skerry/access/loopback';
import { checkedUrl, type InstanceContext, readContexts, writeContexts } from '../config/contexts.ts';
import { CliError } from '../errors.ts';
import { outputFormat, printRows } from '../output/rows.ts';
import { OUTPUT_FLAG, type Verb } from './verb.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/i;

/** `skerry context list`: instances that commands can be sent to. */
export const contextListVerb: Verb = {
  path: ['context', 'list'],
  summary: 'Instances that commands can be sent to by --context, and which one is in force.',
  positionals: [],
  flags: [OUTPUT_FLAG],
  examples: ['skerry context list'],
  async run(context) {
    const book = readContexts(context.environment);
    await printRows(
      context,
      outputFormat(context.flags.output),
      book.contexts,
      [
        { title: 'CURRENT', cell: ({ name }) => (name === book.current ? '*' : '') },
        { title: 'NAME', cell: ({ name }) => name },
        { title: 'URL', cell: ({ url }) => url },
        { title: 'TENANT', cell: ({ tenant = '' }) => tenant },
        { title: 'PROJECT', cell: ({ project = '' }) => project },
        { title: 'TOKEN FILE', isWide: true, cell: ({ tokenFile = '' }) => tokenFile },
      ],
      book,
    );
    if (book.contexts.length === 0) {
      context.stderr.write(
        'There are none: commands go to the instance of the data folder. skerry context set makes one.\n',
      );
    }
    return 0;
  },
};

/** `skerry context use`: makes one the context that is in force. */
export const contextUseVerb: Verb = {
  path: ['context', 'use'],
  summary: 'Sends commands to this context from now on; - is the data folder of this machine again.',
  positionals: [{ name: 'NAME', what: 'Name of the context, or -.', isRequired: true }],
  flags: [],
  examples: ['skerry context use plant', 'skerry context use -'],
  async run(context) {
    const name = String(context.positionals[0]);
    const { contexts } = readContexts(context.environment);
    if (name !== '-' && !contexts.some((one) => one.name === name)) {
      const known = contexts.map((one) => one.name).join(', ');
      throw new CliError(
        'context-unknown',
        `Found the context ${JSON.stringify(name)}, wanted ${known === '' ? 'one that was made with skerry context set' : `one of ${known}`}.`,
      );
    }
    writeContexts(context.environment, { ...(name === '-' ? {} : { current: name }), contexts });
    context.stderr.write(
      name === '-' ? 'Commands go to the data folder of this machine.\n' : `Commands go to ${name}.\n`,
    );
    return 0;
  },
};

/** `skerry context set`: makes or changes a context. */
export const contextSetVerb: Verb = {
  path: ['context', 'set'],
  summary: 'Makes a context or changes it: an address, a file with the token, the usual tenant and project.',
  positionals: [{ name: 'NAME', what: 'Name of the context.', isRequired: true }],
  flags: [
    { name: 'url', type: 'text', value: 'URL', what: 'Address of the API: https://HOST:PORT.' },
    {
      name: 'token-file',
      type: 'text',
      value: 'FILE',
      what: 'File whose first line is the token; mode 0600.',
    },
    { name: 'tenant', type: 'text', what: 'Tenant of commands that name none.' },
    { name: 'project', type: 'text', what: 'Project of commands that name none.' },
  ],
  examples: [
    'skerry context set plant --url https://plant.example:8080 --token-file plant.token --tenant acme',
  ],
  async run(context) {
    const { flags, environment } = context;
    const name = String(context.positionals[0]);
    if (!NAME.test(name))
      throw new CliError('usage', `NAME: found ${JSON.stringify(name)}, wanted letters, digits, . _ -.`);
    const book = readContexts(environment);
    const before = book.contexts.find((one) => one.name === name);
    const url = flags.url === undefined ? before?.url : String(flags.url);
    if (url === undefined) throw new CliError('usage', 'skerry context set wants --url: Address of the API.');
    const text = (flag: unknown, key: string) => (flag === undefined ? {} : { [key]: String(flag) });
    const made: InstanceContext = {
      ...before,
      name,
      url: checkedUrl(url, (what) => new CliError('usage', `--${what}.`)),
      ...(flags['token-file'] === undefined ? {} : { tokenFile: resolve(String(flags['token-file'])) }),
      ...text(flags.tenant, 'tenant'),
      ...text(flags.project, 'project'),
    };
    const contexts = before
      ? book.contexts.map((one) => (one.name === name ? made : one))
      : [...book.contexts, made];
    writeContexts(environment, { ...book, contexts });
    if (isOpenToOthers(made.url)) {
      context.stderr.write(
        `WARNING: ${made.url} is plain HTTP to another machine: whoever is on the way can read the token of this context and everything else, and can act with it. Use https://, or an address of this machine.\n`,
      );
    }
    context.stderr.write(
      `${before ? 'Changed' : 'Made'} ${name}. skerry context use ${name} puts it in force.\n`,
    );
    return 0;
  },
};

/** Whether requests to an address can be read on the way: HTTP without TLS that leaves this machine. */
function isOpenToOthers(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === 'http:' && !isLoopback(hostname);
}
