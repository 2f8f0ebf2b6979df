import { ApiProblem } from '../generated/client.ts';
import { usePreferences } from '../preferences.ts';
import { Unanswered } from '../request.ts';
import { faultsEn } from '../words/faults-en.ts';
import { faultsZh } from '../words/faults-zh.ts';
import { useShared } from '../words/shared.ts';

/** The server's own sentence, which is English: for those who read another language it waits behind a word. */
export function ServerDetail({ detail, isBehind }: { readonly detail: string; readonly isBehind: boolean }) {
  const words = useShared();
  if (!isBehind)
    return (
      <span className="fault-detail" lang="en">
        {detail}
      </span>
    );
  return (
    <details className="fault-detail">
      <summary>{words.details}</summary>
      <span lang="en">{detail}</span>
    </details>
  );
}

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
      <ServerDetail detail={detail} isBehind={told !== undefined && language === 'zh'} />
      <span className="fault-detail">
        {' '}
        <code>{code}</code> · {words.requestId(instance)}
      </span>
    </span>
  );
}
