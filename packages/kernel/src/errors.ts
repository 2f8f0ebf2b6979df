import { type Advice, CodedError } from './advice.ts';

/** Fault codes of the kernel's ports. */
export type KernelFault =
  | 'not-found'
  | 'already-exists'
  | 'disk-full'
  | 'disk-read-only'
  | 'disk-denied'
  | 'disk-failed'
  | 'sync-failed'
  | 'too-many-files'
  | 'port-in-use'
  | 'port-denied'
  | 'address-not-available'
  | 'connect-failed'
  | 'tls-credentials-invalid'
  | 'spawn-failed';

/** What a caller should do about each kernel fault, and what it means (source of the error pages). */
export const KERNEL_FAULTS: Readonly<
  Record<KernelFault, { readonly advice: Advice; readonly meaning: string }>
> = {
  'not-found': { advice: 'give-up', meaning: 'A file or folder that is needed does not exist.' },
  'already-exists': { advice: 'give-up', meaning: 'A file that should be new exists already.' },
  'disk-full': { advice: 'retry', meaning: 'The disk has no room for the write.' },
  'disk-read-only': { advice: 'give-up', meaning: 'The file system refuses writes.' },
  'disk-denied': { advice: 'give-up', meaning: 'The process may not read or write the path.' },
  'disk-failed': { advice: 'end-process', meaning: 'The disk reported an input or output error.' },
  'sync-failed': { advice: 'end-process', meaning: 'The disk refused to make written bytes durable.' },
  'too-many-files': { advice: 'retry', meaning: 'The process has no file descriptor left.' },
  'port-in-use': { advice: 'give-up', meaning: 'Another process listens on the port.' },
  'port-denied': { advice: 'give-up', meaning: 'The process may not bind the port.' },
  'address-not-available': { advice: 'give-up', meaning: 'The machine does not have the address.' },
  'connect-failed': { advice: 'retry', meaning: 'The peer could not be reached.' },
  'tls-credentials-invalid': {
    advice: 'give-up',
    meaning: 'A certificate and its key cannot be used for TLS.',
  },
  'spawn-failed': { advice: 'give-up', meaning: 'A child process could not be started.' },
};

/** A fault of a kernel port. */
export class KernelError extends CodedError<KernelFault> {
  get advice(): Advice {
    return KERNEL_FAULTS[this.code].advice;
  }
}
