import { type Advice, CodedError } from '@skerry/kernel';

/** Fault codes of leases. */
export type ControlFault = 'leases-unreachable' | 'leases-refused';

/** What a caller should do about each fault, and what it means (source of the error pages). */
export const CONTROL_FAULTS: Readonly<
  Record<ControlFault, { readonly advice: Advice; readonly meaning: string }>
> = {
  'leases-unreachable': {
    advice: 'retry',
    meaning: 'The place where leases are kept cannot be reached, or answers that it is starting or ending.',
  },
  'leases-refused': {
    advice: 'give-up',
    meaning:
      'The place where leases are kept refuses this process, or has not the table that it should have.',
  },
};

/** A fault of leases. */
export class ControlError extends CodedError<ControlFault> {
  get advice(): Advice {
    return CONTROL_FAULTS[this.code].advice;
  }
}
