import { useShared } from '../words/shared.ts';

/** Fetches the next page of a list. */
export function MoreButton({ act }: { readonly act: () => void }) {
  const words = useShared();
  return (
    <button type="button" className="more" onClick={act}>
      {words.more}
    </button>
  );
}
