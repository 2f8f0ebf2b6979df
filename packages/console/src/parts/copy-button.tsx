import Check from 'lucide-react/icons/check';
import Copy from 'lucide-react/icons/copy';
import { useState } from 'react';
import { useShared } from '../words/shared.ts';

const SHOWN_MS = 2_000;

/** Copies a text, and says so. */
export function CopyButton({ text, name }: { readonly text: string; readonly name: string }) {
  const words = useShared();
  const [isCopied, setCopied] = useState(false);
  const copy = () => {
    void copyText(text).then((done) => {
      setCopied(done);
      window.setTimeout(() => setCopied(false), SHOWN_MS);
    });
  };
  return (
    <button type="button" className="copy-button" onClick={copy}>
      {isCopied ? <Check aria-hidden size={14} /> : <Copy aria-hidden size={14} />}
      <span aria-live="polite">{isCopied ? words.copied : words.copy}</span>
      <span className="unseen">{`: ${name}`}</span>
    </button>
  );
}

/** Whether the text was copied. Where the page is not secure the browser has no clipboard, and an old command serves. */
async function copyText(text: string): Promise<boolean> {
  const clipboard: Clipboard | undefined = navigator.clipboard; // absent over plain HTTP
  if (clipboard) return clipboard.writeText(text).then(...YES_OR_NO);
  const box = document.createElement('textarea');
  box.value = text;
  box.className = 'unseen';
  document.body.append(box);
  box.select();
  const done = document.execCommand('copy');
  box.remove();
  return done;
}

const YES_OR_NO = [() => true, () => false] as const;
