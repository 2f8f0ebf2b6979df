import { existsSync } from 'node:fs';
import { createClient, type SkerryClient } from '@skerry/client';
import { chosenContext, contextToken } from '../config/contexts.ts';
import { type ConfigSources, loadConfig } from '../config/load.ts';
import { configLeaves, flagName } from '../config/schema.ts';
import { CliError } from '../errors.ts';
import { type RunFile, readRunFile, readToken } from '../processes/data-folder.ts';
import type { Flag, VerbContext } from './verb.ts';

/** One flag per leaf of the configuration, and `--config`. */
export function configFlags(): Flag[] {
  return [
    {
      name: 'config',
      type: 'text',
      value: 'FILE',
      what: 'Configuration file (YAML); skerry.yaml in this folder when there is one.',
    },
    ...configLeaves().map(
      ({ path, schema }): Flag => ({
        name: flagName(path),
        type: schema.type === 'boolean' ? 'switch' : 'text',
        ...(schema.default === true ? { isOnByDefault: true } : {}),
        value: schema.type === 'integer' || schema.type === 'number' ? 'N' : 'TEXT',
        what: `${schema.description ?? path}${schema.enum ? ` One of ${schema.enum.join(', ')}.` : ''}${schema.default === undefined ? '' : ` Default: ${JSON.stringify(schema.default)}.`}`,
      }),
    ),
  ];
}

/** Where this command line takes its configuration from. */
export function configSources(context: Pick<VerbContext, 'flags' | 'environment'>): ConfigSources {
  const named = context.flags.config ?? context.environment.SKERRY_CONFIG;
  const file = named === undefined ? (existsSync('skerry.yaml') ? 'skerry.yaml' : undefined) : String(named);
  const flags = Object.fromEntries(
    Object.entries(context.flags).map(([name, value]) => [
      name,
      typeof value === 'number' ? String(value) : value,
    ]),
  );
  return { file, environment: context.environment, flags };
}

/** A running instance on this machine, with the secret that lets this user write. */
export interface LocalInstance {
  readonly run: RunFile;
  readonly token: string;
  readonly url: string;
  readonly dataDir: string;
}

/** Finds the instance of the configured data folder; fails with `not-running`, naming the folder that was looked at. */
export function findInstance(context: Pick<VerbContext, 'flags' | 'environment'>): LocalInstance {
  const { config } = loadConfig(configSources(context));
  const run = readRunFile(config.dataDir);
  if (!run) {
    throw new CliError(
      'not-running',
      `No running instance was found for the data folder ${config.dataDir}. Start one with skerry up, or name its folder with --data-dir.`,
      { dataDir: config.dataDir },
    );
  }
  return { run, token: readToken(config.dataDir), url: urlOf(run), dataDir: config.dataDir };
}

/** Where an instance serves its API, without a slash at the end. */
export function urlOf({ http }: Pick<RunFile, 'http'>): string {
  const host = http.host.includes(':') ? `[${http.host}]` : http.host;
  return `http://${host}:${http.port}`;
}

/**
 * An instance on another machine, and the access token for it: that of `--context`, of `SKERRY_URL` and `SKERRY_TOKEN`,
 * or of the context in force; a data folder that is named goes before the last two.
 */
export function remoteInstance({
  flags,
  environment,
}: Pick<VerbContext, 'flags' | 'environment'>): { readonly url: string; readonly token: string } | undefined {
  const { SKERRY_URL: address, SKERRY_TOKEN: token } = environment;
  const chosen =
    flags.context === undefined && address !== undefined ? undefined : chosenContext(flags, environment);
  if (chosen) return { url: chosen.url, token: contextToken(chosen) };
  if (address === undefined || flags['data-dir'] !== undefined) return undefined;
  if (!URL.canParse(address) || !/^https?:$/.test(new URL(address).protocol)) {
    throw new CliError(
      'usage',
      `SKERRY_URL: found ${JSON.stringify(address)}, wanted http:// or https:// and a host.`,
    );
  }
  if (token === undefined || token === '') {
    throw new CliError(
      'usage',
      'SKERRY_TOKEN: found nothing, wanted an access token for SKERRY_URL; skerry token create makes one over there.',
    );
  }
  return { url: address.replace(/\/+$/, ''), token };
}

/**
 * A client of the instance that `SKERRY_URL` names, else of the one that `findInstance` finds, with its token; it
 * follows one on this machine that comes back at another port.
 */
export function openClient(context: Pick<VerbContext, 'flags' | 'environment'>): SkerryClient {
  const remote = remoteInstance(context);
  if (remote) return createClient(remote);
  const { url, token, dataDir } = findInstance(context);
  let known = url;
  const current = () => {
    const run = readRunFile(dataDir);
    if (run) known = urlOf(run);
    return known;
  };
  return createClient({ url: current, token });
}
