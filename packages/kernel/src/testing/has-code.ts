import { CodedError } from '../advice.ts';

/** A check for `assert.throws` and `assert.rejects`: the error carries this fault code. */
export function hasCode(code: string): (error: unknown) => boolean {
  return (error) => {
    if (error instanceof CodedError && error.code === code) return true;
    throw new Error(`Expected the fault ${code}, got ${String(error)}.`, { cause: error });
  };
}
