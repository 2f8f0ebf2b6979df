import type { DeadLetter } from '../../generated/client.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** What has become of a dead letter, as a mark. */
export function StateBadge({ state }: { readonly state: DeadLetter['state'] }) {
  const words = useWords({ en, zh });
  return <span className={`badge ${state === 'open' ? 'badge-warn' : ''}`}>{words.states[state]}</span>;
}
