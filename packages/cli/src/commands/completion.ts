import { bashScript } from '../completion/bash-script.ts';
import { completionNodes } from '../completion/completion-model.ts';
import { fishScript } from '../completion/fish-script.ts';
import { zshScript } from '../completion/zsh-script.ts';
import { CliError } from '../errors.ts';
import { write } from '../output/rows.ts';
import type { Verb } from './verb.ts';

const SCRIPTS = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;
const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `skerry completion`: a script that completes verbs, flags and their values. */
export const completionVerb: Verb = {
  path: ['completion'],
  summary: 'Prints a script that lets a shell complete verbs, flags and their values.',
  positionals: [{ name: 'SHELL', what: `One of ${SHELLS.join(', ')}.`, isRequired: true, choices: SHELLS }],
  flags: [],
  examples: [
    'skerry completion bash >> ~/.bash_completion',
    'skerry completion fish > ~/.config/fish/completions/skerry.fish',
  ],
  async run(context) {
    const shell = SHELLS.find((one) => one === context.positionals[0]);
    if (shell === undefined) {
      throw new CliError(
        'usage',
        `SHELL: found ${JSON.stringify(context.positionals[0])}, wanted one of ${SHELLS.join(', ')}.`,
      );
    }
    const { VERBS } = await import('./verbs.ts'); // the table holds this verb too
    await write(context.stdout, SCRIPTS[shell](completionNodes(VERBS)));
    return 0;
  },
};
