import { ApiProblem } from '../generated/client.ts';
import { usePreferences } from '../preferences.ts';
import { Unanswered } from '../request.ts';
import { faultsEn } from '../words/faults-en.ts';
import { faultsZh } from '../words/faults-zh.ts';
import { useShared } from '../words/shared.ts';

/** A fault of the server in the reader's language by its code, with the server's own sentence and the request's id beneath. */
export function Fault({ error }: { readonly error: Error }) {
  const words = useShared();
  const { language } = usePreferences();
  if (error instanceof Unanswered) return <span>{words.unanswered(error.answerMs / 1_000)}</span>;
  if (!(error instanceof ApiProblem)) return <span lang="en">{error.message}</span>;
  const { code, detail, instance } = error.problem;
  const told = (language === 'zh' ? faultsZh : faultsEn)[code];
  return (
    <span className="fault">
      {told !== undefined && <span>{told} </span>}
      <span className={told === undefined ? undefined : 'fault-detail'} lang="en">
        {detail}
      </span>
      <span className="fault-detail">
        {' '}
        <code>{code}</code> · {words.requestId(instance)}
      </span>
    </span>
  );
}
