import Download from 'lucide-react/icons/download';
import { useState } from 'react';
import { type AuditEntry, listAudit } from '../../generated/client.ts';
import { NotDone, useAct } from '../../parts/act.tsx';
import { useWords } from '../../words/words.ts';
import type { AuditFilter } from './audit-room.tsx';
import { auditCsv, auditNdjson } from './audit-text.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const KINDS = ['csv', 'ndjson'] as const;
type Kind = (typeof KINDS)[number];

const TYPES: Readonly<Record<Kind, string>> = { csv: 'text/csv', ndjson: 'application/x-ndjson' };
/** Rows of one page; the server gives no more at once. */
const PAGE = 1_000;
/** Entries that are held at most; a longer log is exported by `skerry audit`. */
const ENTRIES_MAX = 200_000;

/** Fetches every entry of a filter and saves them as a file. */
export function ExportButtons({ filter }: { readonly filter: AuditFilter }) {
  const words = useWords(WORDS);
  const act = useAct();
  const [fetched, setFetched] = useState(0);
  const save = (kind: Kind) => {
    setFetched(0);
    act.run(
      () => allEntries(filter, setFetched),
      (entries) => saveFile(`audit.${kind}`, TYPES[kind], (kind === 'csv' ? auditCsv : auditNdjson)(entries)),
    );
  };
  return (
    <div className="row">
      <span role="status" className={act.isBusy ? 'quiet small' : 'unseen'}>
        {act.isBusy && words.exporting(fetched)}
      </span>
      <NotDone error={act.error} />
      {KINDS.map((kind) => (
        <button key={kind} type="button" disabled={act.isBusy} onClick={() => save(kind)}>
          <Download aria-hidden size={15} /> {words.exportAs[kind]}
        </button>
      ))}
    </div>
  );
}

async function allEntries(filter: AuditFilter, told: (entries: number) => void): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await listAudit({ ...filter, limit: PAGE, cursor });
    entries.push(...page.items);
    told(entries.length);
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined && entries.length < ENTRIES_MAX);
  return entries;
}

function saveFile(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}
