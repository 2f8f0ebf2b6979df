import { ApiProblem, type SkerryClient } from '@skerry/client';
import { type ChaosLook, chaosLetterOf, LETTERS_PAGE } from './chaos-witness.ts';

/** Looks over the API. */
export function lookOverApi(client: SkerryClient, signal: AbortSignal): ChaosLook {
  return {
    async letter(narrowing, clientId) {
      let cursor: string | null = null;
      do {
        const page = await client.listDeadLetters(
          { ...narrowing, limit: LETTERS_PAGE, ...(cursor === null ? {} : { cursor }) },
          { signal },
        );
        const found = page.items.find(({ client: sender }) => sender === clientId);
        if (found) return chaosLetterOf(found);
        cursor = page.cursor;
      } while (cursor !== null);
      return undefined;
    },
    async isStored(device) {
      try {
        const { accounts } = await client.getDevice(device, { signal });
        return accounts.stored > 0;
      } catch (cause) {
        if (cause instanceof ApiProblem && cause.code === 'not-found') return false;
        throw cause;
      }
    },
  };
}
