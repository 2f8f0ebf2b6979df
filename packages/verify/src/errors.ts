import { type Advice, CodedError } from '@skerry/kernel';

/** Fault codes of the verifier. What is wrong with the data is no fault but a finding of the report. */
export type VerifyFault = 'sender-ledger-invalid' | 'verify-unreadable';

/** What a caller should do about each fault of the verifier, and what it means (source of the error pages). */
export const VERIFY_FAULTS: Readonly<
  Record<VerifyFault, { readonly advice: Advice; readonly meaning: string }>
> = {
  'sender-ledger-invalid': {
    advice: 'give-up',
    meaning: "A file is not a sender's ledger, or contradicts itself.",
  },
  'verify-unreadable': {
    advice: 'give-up',
    meaning: 'A file or folder that is to be verified cannot be read.',
  },
};

/** A fault of the verifier. */
export class VerifyError extends CodedError<VerifyFault> {
  get advice(): Advice {
    return VERIFY_FAULTS[this.code].advice;
  }
}
