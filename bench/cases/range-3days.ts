import { atMost, type BenchCase, type Figures, SKERRY } from '../frame/case.ts';
import { runScript } from '../frame/script-run.ts';

const SCRIPT = new URL('./range-run.ts', import.meta.url);

/** Three days of one series at 1 Hz as 1,000 points that keep the extremes, out of a large store. */
export const RANGE_3_DAYS: BenchCase = {
  name: 'range-3days',
  title: '259,200 points of one series -> 1,000 keeping extremes, out of a large store',
  sides: [
    {
      name: SKERRY,
      promise: 'the same points as a naive scan of all that was written',
      run: async ({ folder, secs, isFull }): Promise<Figures> => {
        const [figures] = await runScript(SCRIPT, [folder, isFull ? '386' : '39', String(secs * 50)]);
        return figures as Figures; // what range-run.ts prints
      },
    },
  ],
  targets: [atMost('p99Ms', 50, 'ms'), atMost('unequal', 0, 'answers that differ from the naive scan')],
  short: { rounds: 1, secs: 4 },
  full: { rounds: 1, secs: 10 },
  notes: [
    'The store holds 386 series of three days at 1 Hz (10^8 points) in the full form, 39 (10^7) in the short one; 50 questions for each of `secs`, series by turns, each answer compared.',
    'Asked of the store itself, without HTTP, in the process that filled it: a question finds the files in the cache of the system.',
  ],
};
