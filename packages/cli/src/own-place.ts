/** Whether this is the source, and not the program that was built of it. */
const IS_SOURCE = import.meta.url.endsWith('.ts');

/** The folder of this package; a built program lies two folders below it. */
export const OWN_FOLDER: URL = new URL(IS_SOURCE ? '../' : '../../', import.meta.url);

/** Scripts beside `main` that are run in threads and processes of their own: paths inside `src`. */
export const OWN_SCRIPTS = [
  'processes/log-worker',
  'processes/pipeline-worker',
  'processes/store-worker',
  'processes/audit-worker',
  'commands/sql-child',
] as const;

/** One of `OWN_SCRIPTS`. */
export type OwnScript = (typeof OWN_SCRIPTS)[number];

/** Where such a script lies: among the sources for who runs from them, else beside the built program. */
export function ownScript(path: OwnScript): URL {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return new URL(IS_SOURCE ? `./${path}.ts` : `./${name}.mjs`, import.meta.url);
}
