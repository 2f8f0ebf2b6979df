import { readFileSync, statSync } from 'node:fs';
import type { Logger, TlsCredentials } from '@skerry/kernel';
import { tlsTerms } from '@skerry/kernel/node';
import type { Role } from '../config/role-rules.ts';
import type { SkerryConfig } from '../config/schema.ts';
import { CliError } from '../errors.ts';
import { nameFault } from './certificate-facts.ts';
import { outsideNames } from './own-address.ts';

/** Where certificate and key lie. */
export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
}

const LOOK_MS = 5_000; // a renewed certificate is shown within this; links, as of mounted secrets, are followed

/**
 * Reads certificate and key and checks that they belong together. `key` is their place in the configuration: `mqtt.tls`.
 * Fails with `CliError` `config-invalid` that names the file and what is wrong with it.
 */
export function readTlsFiles(key: string, { certFile, keyFile }: TlsFiles): TlsCredentials {
  const certificate = textOf(`${key}.certFile`, certFile);
  const credentials = { certificate, key: textOf(`${key}.keyFile`, keyFile) };
  try {
    tlsTerms(credentials);
  } catch (fault) {
    throw new CliError('config-invalid', `${key}: ${messageOf(fault)}`, { certFile, keyFile }, fault);
  }
  return credentials;
}

/** A place of the configuration with certificate and key, and where its port listens. */
export type TlsListener = readonly [key: string, listener: { readonly host: string; readonly tls: TlsFiles }];

/** Where a process speaks TLS when it is configured, `skerry up` without a role: gateways and writers serve probes without it. */
export function tlsListeners(
  role: Role | undefined,
  { http, mqtt }: Pick<SkerryConfig, 'http' | 'mqtt'>,
): readonly TlsListener[] {
  if (role === undefined)
    return [
      ['http.tls', http],
      ['mqtt.tls', mqtt],
    ];
  return role === 'cloud' ? [['http.tls', http]] : [];
}

/** What is wrong with the names of the certificates that can be read, a sentence each; those of `skerry up` without `listeners`. */
export function certificateNameFaults(
  config: Pick<SkerryConfig, 'http' | 'mqtt'>,
  listeners: readonly TlsListener[] = tlsListeners(undefined, config),
): string[] {
  return listeners.flatMap(([key, { host, tls }]) => {
    if (tls.certFile === '') return [];
    const fault = nameFault(textOf(`${key}.certFile`, tls.certFile), outsideNames(host, config));
    return fault === undefined ? [] : [`The certificate of ${key} (${tls.certFile}) ${fault}.`];
  });
}

/**
 * Tells of new credentials when one of the files has changed. What cannot be used (one file is written before the
 * other) is logged, and those in force stay. Disposing ends the watch.
 */
export function watchTlsFiles(
  key: string,
  files: TlsFiles,
  logger: Logger,
  onChange: (credentials: TlsCredentials) => void,
  lookMs: number = LOOK_MS,
): Disposable {
  const look = (): void => {
    try {
      onChange(readTlsFiles(key, files));
      logger.log('info', 'The certificate was renewed.', { key, certFile: files.certFile });
    } catch (fault) {
      if (!(fault instanceof CliError)) throw fault;
      logger.log('warn', 'The changed certificate cannot be used; the one before stays in force.', {
        key,
        fault: fault.message,
      });
    }
  };
  // compared with what stood there when it was read: a watcher that looks later for the first time would miss a change
  let known = marksOf(files);
  const timer = setInterval(() => {
    const now = marksOf(files);
    if (now === known) return;
    known = now;
    look();
  }, lookMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** By which a change of either file is noticed; a file that cannot be looked at has a mark of its own. */
function marksOf({ certFile, keyFile }: TlsFiles): string {
  return [certFile, keyFile]
    .map((path) => {
      const found = statSync(path, { throwIfNoEntry: false });
      return found ? `${found.ino} ${found.size} ${found.mtimeMs} ${found.ctimeMs}` : 'none';
    })
    .join('; ');
}

function textOf(key: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CliError(
      'config-invalid',
      `${key}: reading ${path} failed: ${messageOf(cause)}`,
      { path },
      cause,
    );
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
