import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../../tools/packages.ts';

/** An instruction of a Dockerfile: its word, and the rest with continued lines joined. */
export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** One image that a Dockerfile makes, or an earlier stage of it. */
export interface Stage {
  readonly name: string;
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** What deploy/images/Dockerfile makes. */
export interface ImageRecipe {
  readonly stages: readonly Stage[];
  /** Of the last stage. */
  readonly environment: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
}

/** Reads the recipe of the image. */
export function readImageRecipe(): ImageRecipe {
  const text = readFileSync(join(ROOT, 'deploy/images/Dockerfile'), 'utf8');
  const lines = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\\\n\s*/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '');
  const instructions = lines.map((line): Instruction => {
    const [word = '', ...rest] = line.trim().split(/\s+/);
    return { word, rest: rest.join(' ') };
  });
  const stages: { name: string; from: string; instructions: Instruction[] }[] = [];
  for (const one of instructions) {
    if (one.word === 'FROM') {
      const [from = '', , name = ''] = one.rest.split(' ');
      stages.push({ name, from, instructions: [] });
    } else stages.at(-1)?.instructions.push(one);
  }
  const last = stages.at(-1)?.instructions ?? [];
  const environment = last
    .filter(({ word }) => word === 'ENV')
    .flatMap(({ rest }) => [...rest.matchAll(/(\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));
  return {
    stages,
    environment: Object.fromEntries(environment) as Record<string, string>, // pairs of texts
    ports: last.filter(({ word }) => word === 'EXPOSE').map(({ rest }) => Number(rest)),
  };
}
