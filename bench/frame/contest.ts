import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type BenchCase,
  type Figures,
  type Form,
  type Medians,
  type Ratios,
  type Side,
  SKERRY,
} from './case.ts';
import { atExit } from './exit-hook.ts';
import { benchFolder, type Machine, readMachine } from './machine.ts';

/** A target as judged. */
export interface Verdict {
  readonly wanted: string;
  /** Empty when what it needs was not measured. */
  readonly found: string;
  readonly isMet: boolean;
}

/** What a case came to; the content of `bench/results/<case>.json`. */
export interface CaseResult {
  readonly case: string;
  readonly title: string;
  readonly form: 'short' | 'full';
  readonly rounds: number;
  readonly secs: number;
  /** At the start of the case. */
  readonly machine: Machine;
  readonly sides: readonly {
    readonly name: string;
    readonly promise: string;
    /** Why it did not run; empty when it did. */
    readonly missing: string;
    readonly rounds: readonly Figures[];
    readonly medians: Figures;
  }[];
  readonly ratios: Ratios;
  readonly verdicts: readonly Verdict[];
  readonly notes: readonly string[];
}

/** Runs all sides of a case by turns, the order turned round in every other round, and judges the medians. */
export async function runCase(
  one: BenchCase,
  form: Form & { readonly isFull: boolean },
  say: (line: string) => void,
): Promise<CaseResult> {
  const machine = readMachine();
  const missing = new Map(one.sides.map((side) => [side, side.whyMissing?.() ?? '']));
  const rounds = new Map<Side, Figures[]>(one.sides.map((side) => [side, []]));
  for (let round = 0; round < form.rounds; round++) {
    const able = one.sides.filter((side) => missing.get(side) === '');
    for (const side of round % 2 === 0 ? able : able.toReversed()) {
      const figures = await runSide(side, form, say);
      rounds.get(side)?.push(figures);
      say(`  ${one.name} ${round + 1}/${form.rounds} ${side.name}: ${line(figures)}`);
    }
  }
  const sides = one.sides.map((side) => {
    const its = rounds.get(side) ?? [];
    const { name, promise } = side;
    return { name, promise, missing: missing.get(side) ?? '', rounds: its, medians: mediansOf(its) };
  });
  const medians: Medians = Object.fromEntries(sides.map((side) => [side.name, side.medians]));
  const ratios = ratiosOf(new Map(sides.map((side) => [side.name, side.rounds])));
  return {
    case: one.name,
    title: one.title,
    form: form.isFull ? 'full' : 'short',
    rounds: form.rounds,
    secs: form.secs,
    machine,
    sides,
    ratios,
    verdicts: one.targets.map((target) => {
      const found = target.judge(medians, ratios);
      return { wanted: target.wanted, found: found?.found ?? '', isMet: found?.isMet ?? false };
    }),
    notes: one.notes,
  };
}

/** Median of each figure; of an even number the mean of the middle two. */
export function mediansOf(rounds: readonly Figures[]): Figures {
  const names = new Set(rounds.flatMap((figures) => Object.keys(figures)));
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      medianOf(rounds.map((figures) => figures[name]).filter((value) => value !== undefined)),
    ]),
  );
}

/** The middle of some numbers; of an even number the mean of the middle two. */
export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const low = Number(sorted[Math.floor((sorted.length - 1) / 2)]);
  return (low + Number(sorted[Math.floor(sorted.length / 2)])) / 2;
}

/** By round, since what drifts over a case (a cache, the machine) drifts for both sides of a round alike. */
function ratiosOf(rounds: ReadonlyMap<string, readonly Figures[]>): Ratios {
  const mine = rounds.get(SKERRY) ?? [];
  const peers = [...rounds].filter(([name]) => name !== SKERRY);
  return Object.fromEntries(
    peers.map(([peer, its]) => [peer, mediansOf(its.map((figures, i) => ratioOf(mine[i] ?? {}, figures)))]),
  );
}

function ratioOf(mine: Figures, its: Figures): Figures {
  return Object.fromEntries(
    Object.entries(its).flatMap(([name, value]) => {
      const own = mine[name];
      return own === undefined || value === 0 ? [] : [[name, own / value]];
    }),
  );
}

async function runSide(
  side: Side,
  form: Form & { readonly isFull: boolean },
  say: (line: string) => void,
): Promise<Figures> {
  const folder = mkdtempSync(join(benchFolder(), 'skerry-bench-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  using _hook = atExit(remove);
  try {
    return await side.run({ ...form, folder, say: (text) => say(`    ${text}`) });
  } finally {
    remove();
  }
}

function line(figures: Figures): string {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(', ');
}
