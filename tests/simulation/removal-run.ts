import { registerHooks } from 'node:module';
import { AlteredDisk } from './altered-disk.ts';
import type { Removal } from './removals.ts';
import type { RunOptions, RunReport, simulate } from './simulation-run.ts';

/** Runs one seed in a world where something has been taken away. */
export interface AlteredSimulation {
  run(seed: number): Promise<RunReport>;
  /** How often the removed call would have been made; Infinity for a patch. */
  readonly leftOutCount: () => number;
}

/** Modules that each altered copy of the graph has for itself; the others are shared. */
const COPIED = /\/(packages\/(journal|mqtt|pipeline|series)\/src|tests\/simulation)\//;
const PACKAGES = new URL('../../packages/', import.meta.url);
const patches = new Map<string, { readonly url: string; readonly from: string; readonly to: string }>();
let isHooked = false;

/** Takes something away. A patch that does not fit its module any more fails. */
export async function simulationWithout({
  name,
  change,
  focus = 'all',
}: Removal): Promise<AlteredSimulation> {
  if ('call' in change) {
    let count = 0;
    const leftOut = (): void => {
      count++;
    };
    const { simulate } = await import('./simulation-run.ts');
    const options: RunOptions = {
      focus,
      hasNoStrangers: true,
      alter: (disk) => new AlteredDisk(disk, change.call, leftOut),
    };
    return { run: (seed) => simulate(seed, options), leftOutCount: () => count };
  }
  hook();
  patches.set(name, { url: new URL(change.file, PACKAGES).href, from: change.from, to: change.to });
  const altered: { simulate: typeof simulate } = await import(`./simulation-run.ts?without=${name}`);
  return {
    run: (seed) => altered.simulate(seed, { focus, hasNoStrangers: true }),
    leftOutCount: () => Number.POSITIVE_INFINITY,
  };
}

/** Lets modules be loaded with `?without=` a name: they and what they import are copies, one of them with its text changed. */
function hook(): void {
  if (isHooked) return;
  isHooked = true;
  registerHooks({
    resolve(specifier, context, next) {
      const found = next(specifier, context);
      const name = nameOf(context.parentURL);
      if (name === undefined || !COPIED.test(found.url) || found.url.includes('?')) return found;
      return { ...found, url: `${found.url}?without=${name}` };
    },
    load(url, context, next) {
      const loaded = next(url, context);
      const patch = patches.get(nameOf(url) ?? '');
      if (!patch || patch.url !== url.split('?')[0]) return loaded;
      const text = loaded.source === undefined || loaded.source === null ? '' : textOf(loaded.source);
      if (text.split(patch.from).length !== 2)
        throw new Error(
          `The patch of ${patch.url} does not fit: its text stands there ${text.split(patch.from).length - 1} times and not once.`,
        );
      return { ...loaded, source: text.replace(patch.from, () => patch.to) };
    },
  });
}

function nameOf(url: string | undefined): string | undefined {
  return url?.split('?without=')[1];
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray): string {
  return typeof source === 'string' ? source : new TextDecoder().decode(source);
}
