import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CaseResult } from './contest.ts';
import { ROOT } from './machine.ts';

const FOLDER = join(ROOT, 'bench', 'results');

/** Writes `bench/results/<case>.json`. */
export function writeResult(result: CaseResult): void {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, `${result.case}.json`), `${JSON.stringify(result, undefined, 2)}\n`);
}

/** The newest result of a case; undefined when it was never run. */
export function readResult(name: string): CaseResult | undefined {
  const path = join(FOLDER, `${name}.json`);
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
}
