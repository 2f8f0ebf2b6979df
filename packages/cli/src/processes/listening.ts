import { KernelError } from '@skerry/kernel';
import { environmentName, flagName } from '../config/schema.ts';

/**
 * Opens a listener; a port that cannot be bound is told with the key that changes it. `key` is the place of `port` in
 * the configuration: `http`, `mqtt.tls`. Fails with `port-in-use`, `port-denied` or `address-not-available`.
 */
export async function listening<T>(
  key: 'http' | 'http.tls' | 'mqtt' | 'mqtt.tls' | 'mqtt.websocket',
  open: () => Promise<T>,
): Promise<T> {
  try {
    return await open();
  } catch (fault) {
    const code = listenCodeOf(fault);
    if (code === undefined || isTold(fault)) throw fault;
    const port = `${key}.port`;
    throw new KernelError(
      code,
      `Listening for ${key} failed: ${fault instanceof Error ? fault.message.replace(/\.$/, '') : code}. Set ${port} (--${flagName(port)}, ${environmentName(port)}) to a free port, or to 0 to have one picked.`,
      { name: key },
      fault,
    );
  }
}

const LISTEN_CODES = ['port-in-use', 'port-denied', 'address-not-available'] as const;
const SYSTEM_CODES = {
  EADDRINUSE: 'port-in-use',
  EACCES: 'port-denied',
  EADDRNOTAVAIL: 'address-not-available',
} as const;

/** Which of the faults of listening a fault is: of the kernel's own network, or of the HTTP server's. */
function listenCodeOf(fault: unknown): (typeof LISTEN_CODES)[number] | undefined {
  if (fault instanceof KernelError) return LISTEN_CODES.find((code) => code === fault.code);
  if (!(fault instanceof Error) || !('code' in fault)) return undefined;
  return Object.entries(SYSTEM_CODES).find(([system]) => system === fault.code)?.[1];
}

/** One of several listeners that are opened together has told its own key. */
function isTold(fault: unknown): boolean {
  return fault instanceof KernelError && typeof fault.facts.name === 'string';
}
