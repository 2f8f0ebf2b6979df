import { existsSync } from 'node:fs';
import { OWN_FOLDER } from './own-place.ts';

/** A checkout has the tools that build the program. */
const IS_CHECKOUT = existsSync(new URL('../../tools/build-program.mjs', OWN_FOLDER));

/**
 * How a person calls this program here: `npx skerry` where npm or a checkout of the sources started it, since no
 * `skerry` is on the path then, `skerry` where it was installed.
 */
export function programName(
  environment: Readonly<Record<string, string | undefined>>,
  isCheckout: boolean = IS_CHECKOUT,
): string {
  return environment.npm_lifecycle_event !== undefined || isCheckout ? 'npx skerry' : 'skerry';
}

/** Words of a shell that name the data folder, which a command forgets otherwise. */
export function dataDirWords(dataDir: string): string {
  const word = /^[\w@%+=:,./-]+$/.test(dataDir) ? dataDir : `'${dataDir.replaceAll("'", "'\\''")}'`;
  return `--data-dir ${word}`;
}

/** A text in which the commands of this program, `skerry doctor`, are as a person calls them here. */
export function withProgramName(text: string, program: string): string {
  return text.replaceAll(COMMAND, `${program} `);
}

/** The name in small letters before a word: not the product's (Skerry), nor what is behind `npx` already. */
const COMMAND = /(?<!npx )\bskerry (?=[a-z])/g;
