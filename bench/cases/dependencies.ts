import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { atMost, type BenchCase, type Figures } from '../frame/case.ts';
import { ROOT } from '../frame/machine.ts';

/** Size of what is installed for production, Node itself aside. */
export const DEPENDENCIES: BenchCase = {
  name: 'dependencies',
  title: 'Production dependencies without Node itself',
  sides: [
    { name: 'skerry', promise: 'every package of the lockfile that is not for development', run: measured },
  ],
  targets: [atMost('megabytes', 25, 'MB')],
  short: { rounds: 1, secs: 1 },
  full: { rounds: 1, secs: 1 },
  notes: [
    'Bytes of the files of each package of package-lock.json that is neither for development nor one of our own nor a binary of Node. The page is built beforehand and needs none of its own at run time. 1 MB is 10^6 bytes.',
  ],
};

interface Locked {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly link?: boolean;
}

async function measured(): Promise<Figures> {
  const lock: { packages: Record<string, Locked> } = JSON.parse(
    readFileSync(join(ROOT, 'package-lock.json'), 'utf8'),
  );
  const paths = Object.entries(lock.packages)
    .filter(([path, one]) => path.startsWith('node_modules/') && !one.dev && !one.devOptional && !one.link)
    .map(([path]) => path)
    .filter((path) => !/\/node-(bin-)?(linux|darwin|win)[^/]*$/.test(path) && existsSync(join(ROOT, path)));
  const bytes = paths.reduce((sum, path) => sum + bytesIn(join(ROOT, path)), 0);
  return { megabytes: bytes / 1e6, packages: paths.length };
}

/** Bytes of the files of a package, without packages that lie inside it and are counted for themselves. */
function bytesIn(folder: string): number {
  return readdirSync(folder, { withFileTypes: true }).reduce((sum, entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? sum : sum + bytesIn(path);
    return sum + (entry.isFile() ? statSync(path).size : 0);
  }, 0);
}
