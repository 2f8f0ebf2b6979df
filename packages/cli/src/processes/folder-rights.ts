import { chmodSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../errors.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS = 0o077;

/** The mask under which an instance makes its files: they are its user's alone. */
export const PRIVATE_MASK = OTHERS;

/** One place of a data folder that others than its user may reach. */
export interface LooseRight {
  readonly path: string;
  /** What was found, in words. */
  readonly found: string;
  /** It belongs to another user, so that it cannot be tightened. */
  readonly isForeign: boolean;
  /** The mode it should have. */
  readonly mode: number;
}

/**
 * What others than this user may reach of a data folder: the folder itself, its token, and files and folders in it. Looks
 * only. On a platform without users nothing is found.
 */
export function looseRights(folder: string): LooseRight[] {
  if (process.getuid === undefined) return [];
  const inside = entriesOf(folder).flatMap(({ path, stat }) => looseness(path, stat));
  // what others own inside is of no harm where nobody but us can put it there; the token is asked for by name
  const isToken = ({ path }: LooseRight): boolean => path === join(folder, 'token');
  return [...looseness(folder, statSync(folder)), ...inside.filter((one) => !one.isForeign || isToken(one))];
}

/**
 * Closes the folder and what is in it to others, and says what it closed. Fails with `data-folder-unusable` where it
 * belongs to another user, or where the file system keeps it open to writers.
 */
export function tightenRights(folder: string, tell: (line: string) => void): void {
  const loose = looseRights(folder);
  const foreign = loose.find((one) => one.isForeign);
  if (foreign) throw unusable(folder, foreign);
  for (const { path, mode } of loose) chmodSync(path, mode);
  const left = looseRights(folder).find(({ path }) => path === folder && isOpenToWriters(path));
  if (left) throw unusable(folder, left);
  const [first, ...others] = loose;
  if (!first) return;
  const more = others.length > 0 ? ` and ${others.length} more in it` : '';
  tell(`Closed ${first.path}${more} to other users: found ${first.found}.`);
  if (loose.some(({ path }) => path === join(folder, 'token')))
    tell('Others may have read the token; remove the file and start again for a new one.');
}

function looseness(path: string, stat: Stats): LooseRight[] {
  const mode = stat.isDirectory() ? FOLDER_MODE : FILE_MODE;
  const isForeign = !isOurs(stat);
  const isLoose = (stat.mode & OTHERS) !== 0;
  if (!isForeign && !isLoose) return [];
  const octal = (stat.mode & 0o777).toString(8).padStart(4, '0');
  const owner = isForeign ? `, owned by the user ${stat.uid}` : '';
  return [{ path, found: `mode ${octal}${owner}`, isForeign, mode }];
}

/** Files and folders below a folder, as far as they are ours to look into. */
function entriesOf(folder: string): { readonly path: string; readonly stat: Stats }[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    // files come and go while an instance runs; links lead elsewhere
    const stat = entry.isSymbolicLink() ? undefined : statSync(path, { throwIfNoEntry: false });
    if (!stat) return [];
    if (stat.isDirectory()) return [{ path, stat }, ...(isOurs(stat) ? entriesOf(path) : [])];
    return stat.isFile() ? [{ path, stat }] : [];
  });
}

function isOurs(stat: Stats): boolean {
  return stat.uid === process.getuid?.();
}

function isOpenToWriters(path: string): boolean {
  return (statSync(path).mode & 0o022) !== 0;
}

function unusable(folder: string, { path, found }: LooseRight): CliError {
  return new CliError(
    'data-folder-unusable',
    `Using the data folder ${folder} failed: found ${path} with ${found}; wanted it to be this user's (${process.getuid?.()}) alone. Name a folder below one of yours with --data-dir or SKERRY_DATA_DIR: it is made with the right mode.`,
    { path },
  );
}
