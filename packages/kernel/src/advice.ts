/** What a caller should do about a fault: try again later, give up, set the record aside, or end the process. */
export type Advice = 'retry' | 'give-up' | 'dead-letter' | 'end-process';

/**
 * The base of every error that Skerry throws on purpose. Each package has one subclass over its own union of codes.
 * `code` is API: it appears in logs, metrics and HTTP problem bodies and never changes meaning.
 * The message states the action, the value found and the value wanted.
 */
export abstract class CodedError<Code extends string = string> extends Error {
  readonly code: Code;
  /** Facts about the fault, for logs and problem bodies; never secrets. */
  readonly facts: Readonly<Record<string, unknown>>;
  abstract get advice(): Advice;
  constructor(code: Code, message: string, facts: Readonly<Record<string, unknown>> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.facts = facts;
    this.name = new.target.name;
  }
}
