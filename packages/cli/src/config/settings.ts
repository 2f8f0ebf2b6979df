import type { PlatformConfiguration } from '@skerry/api';
import { withoutSecrets } from './hidden-secrets.ts';
import type { LoadedConfig } from './load.ts';
import { profileValue } from './retention-profiles.ts';
import { configLeaves, environmentName, flagName } from './schema.ts';

type Setting = PlatformConfiguration['settings'][number];

/** Every leaf of the configuration in force: its value, where it comes from, and each way to change it. */
export function settingsOf({ config, origins }: LoadedConfig): Setting[] {
  const shown = withoutSecrets(config);
  return configLeaves().map(({ path, schema }) => {
    const origin = origins[path] ?? 'default';
    return {
      path,
      value: valueAt(shown, path),
      standard: profileValue(config.retention.profile, path) ?? schema.default ?? null,
      source: sourceOf(origin, path),
      origin,
      environment: environmentName(path),
      flag: `--${flagName(path)}`,
      description: schema.description ?? '',
    };
  });
}

function sourceOf(origin: string, path: string): Setting['source'] {
  if (origin === environmentName(path)) return 'environment';
  if (origin === `--${flagName(path)}`) return 'flag';
  return origin.startsWith('file ') ? 'file' : 'default';
}

function valueAt(tree: object, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (node, key) =>
        node !== null && typeof node === 'object'
          ? Object.entries(node).find(([name]) => name === key)?.[1]
          : undefined,
      tree,
    );
}
