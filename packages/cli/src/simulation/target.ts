import { readFileSync } from 'node:fs';
import type { Address, Net } from '@skerry/kernel';
import { nodeNet } from '@skerry/kernel/node';
import { CliError } from '../errors.ts';

/** Where messages go, and as whom. */
export interface MqttTarget {
  readonly address: Address;
  /** Over TLS; the machine's authorities and those of NODE_EXTRA_CA_CERTS are trusted. */
  readonly isEncrypted?: true;
  readonly username?: string;
  /** The caller's own. */
  readonly password?: Uint8Array;
}

/** Reads `mqtt://[user@]host[:port]`, or mqtts; fails with `usage` that names the flag. A password in it is refused: it would stand in the list of processes. */
export function readMqttUrl(text: string): MqttTarget {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isEncrypted = url?.protocol === 'mqtts:';
  if (
    !url ||
    (url.protocol !== 'mqtt:' && !isEncrypted) ||
    url.hostname === '' ||
    !['', '/'].includes(url.pathname)
  ) {
    throw new CliError(
      'usage',
      `--url: found ${JSON.stringify(text)}, wanted mqtt://HOST or mqtts://HOST, with or without :PORT.`,
    );
  }
  if (url.password !== '') {
    throw new CliError('usage', '--url: found a password, wanted it in a file, named by --password-file.');
  }
  const usual = isEncrypted ? 8_883 : 1_883;
  return {
    address: { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? usual : Number(url.port) },
    ...(isEncrypted ? { isEncrypted } : {}),
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

/** The network by which a target is reached. */
export function netOf({ isEncrypted }: Pick<MqttTarget, 'isEncrypted'>): Pick<Net, 'connect'> {
  const net = nodeNet();
  if (!isEncrypted) return net;
  return { connect: (address, signal) => net.connectTls(address, undefined, signal) };
}
