import { type Advice, CodedError } from '@skerry/kernel';
import type { FaultMessage } from './mailbox.ts';

/** A coded error that was thrown on another thread, with its own code and advice. */
export class RemoteFault extends CodedError {
  readonly #advice: Advice;
  constructor(fault: FaultMessage) {
    super(fault.code, fault.message, fault.facts);
    // `faultMessage` wrote it from a CodedError
    this.#advice = fault.advice as Advice;
  }
  get advice(): Advice {
    return this.#advice;
  }
}

/** A fault as plain data. Errors without a code keep their message under `request-failed`. */
export function faultMessage(fault: unknown): FaultMessage {
  if (fault instanceof CodedError) {
    const { code, message, advice } = fault;
    return { code, message, advice, facts: plainFacts(fault.facts) };
  }
  const message = fault instanceof Error ? fault.message : String(fault);
  return { code: 'request-failed', message, advice: 'give-up', facts: {} };
}

function plainFacts(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(facts).filter(([, value]) =>
      ['string', 'number', 'boolean', 'bigint'].includes(typeof value),
    ),
  );
}
