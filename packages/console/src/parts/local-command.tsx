import { getConfig } from '../generated/client.ts';
import { useFetched } from '../live/fetched.ts';
import { Command, Failed } from './parts.tsx';

/**
 * Commands to be run on the machine of the server, with the folder of its data where the reader may know it. They are
 * shown once that is known: without it they would act on the usual folder, which may be another platform's.
 */
export function LocalCommands({ commands }: { readonly commands: readonly string[] }) {
  const { data, error, reload } = useFetched('config', getConfig);
  if (error && !data) return <Failed error={error} retry={reload} />;
  if (!data) return null;
  const folder = data.values.dataDir;
  const where = typeof folder === 'string' ? ` --data-dir ${shellWord(folder)}` : '';
  return commands.map((command) => <Command key={command} text={`npx skerry ${command}${where}`} />);
}

function shellWord(word: string): string {
  return /^[\w./:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
