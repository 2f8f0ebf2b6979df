import { readFileSync } from 'node:fs';
import type { Address } from '@skerry/kernel';
import { CliError } from '../errors.ts';

/** Where messages go, and as whom. */
export interface MqttTarget {
  readonly address: Address;
  readonly username?: string;
  /** The caller's own. */
  readonly password?: Uint8Array;
}

/** Reads `mqtt://[user@]host[:port]`; fails with `usage` that names the flag. A password in it is refused: it would stand in the list of processes. */
export function readMqttUrl(text: string): MqttTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'mqtt:' || url.hostname === '' || !['', '/'].includes(url.pathname)) {
    throw new CliError(
      'usage',
      `--url: found ${JSON.stringify(text)}, wanted mqtt://HOST or mqtt://HOST:PORT.`,
    );
  }
  if (url.password !== '') {
    throw new CliError('usage', '--url: found a password, wanted it in a file, named by --password-file.');
  }
  return {
    address: { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? 1_883 : Number(url.port) },
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
  };
}

/** The first line of a file that holds a password or token; fails with `usage` that names the file. */
export function readSecretFile(flag: string, path: string): string {
  try {
    return String(readFileSync(path, 'utf8').split('\n')[0]).trim();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CliError('usage', `--${flag}: reading ${path} failed: ${why}.`, {}, cause);
  }
}
