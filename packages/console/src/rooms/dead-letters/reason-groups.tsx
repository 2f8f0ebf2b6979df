import { formatCount } from '../../format.ts';
import { countDeadLetters } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { stepQuery } from '../../route.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** Why a record is set aside. */
export const REASONS = [
  'unknown-topic',
  'undecodable',
  'series-limit',
  'too-many-points',
  'stage-failed',
  'kafka-refused',
] as const;

/** One of the reasons. */
export type Reason = (typeof REASONS)[number];

const ASK_MS = 5_000;

/** How many open letters there are of each reason, and what the reason means; a press narrows the list to it. */
export function ReasonGroups({
  chosen,
  within,
}: {
  readonly chosen: Reason | undefined;
  readonly within: { readonly tenant?: string; readonly project?: string; readonly device?: string };
}) {
  const words = useWords({ en, zh });
  const { data } = useFetched(JSON.stringify(within), (signal) => countDeadLetters(within, signal), ASK_MS);
  const groups = REASONS.map((reason) => ({
    reason,
    letters: data?.reasons.find((one) => one.reason === reason)?.open ?? 0,
  })).filter(({ letters, reason }) => letters > 0 || reason === chosen);
  if (groups.length === 0) return null;
  return (
    <ul className="reasons" aria-label={words.byReason}>
      {groups.map(({ reason, letters }) => (
        <li key={reason}>
          <button
            type="button"
            className="reason"
            aria-pressed={reason === chosen}
            onClick={() => stepQuery({ reason: reason === chosen ? '' : reason })}
          >
            <strong>{words.reasons[reason]}</strong>
            <span className="count">{formatCount(letters)}</span>
            <span className="quiet small">{words.why[reason]}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
