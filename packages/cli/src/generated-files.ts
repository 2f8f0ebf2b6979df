import { manualPage, manualPath } from './commands/manual-page.ts';
import { VERBS } from './commands/verbs.ts';
import { configLeaves, flagName } from './config/schema.ts';

/** The manual of each verb, by its path in the repository. */
export function generatedFiles(): Map<string, string> {
  const toldElsewhere = new Set(configLeaves().map(({ path }) => flagName(path)));
  return new Map(
    VERBS.map((verb) => [
      `docs/commands/${manualPath(verb)}`,
      manualPage({ verb, verbs: VERBS, toldElsewhere }),
    ]),
  );
}
