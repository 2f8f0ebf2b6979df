import { readFileSync, statSync } from 'node:fs';
import type { Logger, TlsCredentials } from '@skerry/kernel';
import { tlsTerms } from '@skerry/kernel/node';
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

/** Reads every certificate and key that a configuration names, as `skerry up` does. Fails with `config-invalid` that names every fault. */
export function checkTlsFiles({ http, mqtt }: Pick<SkerryConfig, 'http' | 'mqtt'>): void {
  const faults: CliError[] = [];
  for (const [key, files] of [
    ['http.tls', http.tls],
    ['mqtt.tls', mqtt.tls],
  ] as const) {
    if (files.certFile === '') continue;
    try {
      readTlsFiles(key, files);
    } catch (fault) {
      if (!(fault instanceof CliError)) throw fault;
      faults.push(fault);
    }
  }
  const [first] = faults;
  if (!first) return;
  const message = faults.map((fault) => fault.message).join('\n');
  throw new CliError('config-invalid', message, { faults: faults.length }, first);
}

/** What is wrong with the names of the certificates that a configuration names and that can be read, a sentence each. */
export function certificateNameFaults(config: SkerryConfig): string[] {
  const all = [
    ['http.tls', config.http.host, config.http.tls.certFile],
    ['mqtt.tls', config.mqtt.host, config.mqtt.tls.certFile],
  ] as const;
  return all.flatMap(([key, host, certFile]) => {
    if (certFile === '') return [];
    const fault = nameFault(textOf(`${key}.certFile`, certFile), outsideNames(host, config));
    return fault === undefined ? [] : [`The certificate of ${key} (${certFile}) ${fault}.`];
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
