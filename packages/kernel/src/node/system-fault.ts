import { KernelError, type KernelFault } from '../errors.ts';

const DISK_CODES: Readonly<Record<string, KernelFault>> = {
  ENOENT: 'not-found',
  ENOTDIR: 'not-found',
  EEXIST: 'already-exists',
  ENOSPC: 'disk-full',
  EDQUOT: 'disk-full',
  EFBIG: 'disk-full',
  EROFS: 'disk-read-only',
  EACCES: 'disk-denied',
  EPERM: 'disk-denied',
  EMFILE: 'too-many-files',
  ENFILE: 'too-many-files',
};

const LISTEN_CODES: Readonly<Record<string, KernelFault>> = {
  EADDRINUSE: 'port-in-use',
  EACCES: 'port-denied',
  EPERM: 'port-denied',
  EMFILE: 'too-many-files',
  ENFILE: 'too-many-files',
};

/** The operating system's code of an error (`ENOSPC`), or undefined for other errors. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** The kernel's fault for an error of a file call; `disk-failed` for every code without a better name. */
export function diskFault(action: string, path: string, error: unknown): KernelError {
  const system = systemCode(error);
  const code = (system && DISK_CODES[system]) || 'disk-failed';
  return new KernelError(
    code,
    `Cannot ${action} ${path}: ${system ?? String(error)}.`,
    { path, system },
    error,
  );
}

/** The kernel's fault for a refused sync, whatever the operating system called it. */
export function syncFault(path: string, error: unknown): KernelError {
  const system = systemCode(error);
  return new KernelError(
    'sync-failed',
    `Cannot make ${path} durable: ${system ?? String(error)}.`,
    { path, system },
    error,
  );
}

/** The kernel's fault for an address that could not be bound. */
export function listenFault(host: string, port: number, error: unknown): KernelError {
  const system = systemCode(error);
  const code = (system && LISTEN_CODES[system]) || 'address-not-available';
  return new KernelError(
    code,
    `Cannot listen on ${host} port ${port}: ${system ?? String(error)}.`,
    { host, port, system },
    error,
  );
}
