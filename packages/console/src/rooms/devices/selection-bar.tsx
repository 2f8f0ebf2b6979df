import Download from 'lucide-react/icons/download';
import GitCompare from 'lucide-react/icons/git-compare-arrows';
import { Link } from '../../parts/parts.tsx';
import { devicePath, withQuery } from '../../route.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import type { ListQuery } from './filter.ts';
import { csvOf, NOTHING, type Selection } from './selection.ts';
import { zh } from './zh.ts';

/** Devices that can be drawn beside each other. */
const COMPARED_MAX = 6;

/** How many devices match, which are selected, and what can be done with them. */
export function SelectionBar({
  selection,
  setSelection,
  matching,
  all,
  narrowing,
}: {
  readonly selection: Selection;
  readonly setSelection: (selection: Selection) => void;
  readonly matching: number;
  readonly all: number;
  readonly narrowing: ListQuery;
}) {
  const words = useWords({ en, zh });
  const chosen = [...selection.devices.values()];
  const isAny = selection.isAll || chosen.length > 0;
  return (
    <div className="selection">
      <p role="status">
        {selection.isAll && words.allSelected(matching)}
        {!selection.isAll && chosen.length > 0 && words.selected(chosen.length)}
        {!isAny && words.matching(matching, all)}
      </p>
      {chosen.length > 0 && !selection.isAll && chosen.length < matching && (
        <button
          type="button"
          className="quiet-button"
          onClick={() => setSelection({ ...NOTHING, isAll: true })}
        >
          {words.selectAll(matching)}
        </button>
      )}
      {isAny && (
        <button type="button" className="quiet-button" onClick={() => setSelection(NOTHING)}>
          {words.unselect}
        </button>
      )}
      <span className="selection-acts">
        <CompareLink selection={selection} />
        <ExportLink selection={selection} narrowing={narrowing} />
      </span>
    </div>
  );
}

function CompareLink({ selection }: { readonly selection: Selection }) {
  const words = useWords({ en, zh });
  const [first, ...others] = [...selection.devices.values()];
  if (!first || selection.isAll || others.length === 0 || others.length >= COMPARED_MAX) return null;
  const compare = others.map((device) => devicePath(device).slice('/devices/'.length)).join(',');
  return (
    <Link to={withQuery(devicePath(first), { compare })} className="button">
      <GitCompare aria-hidden size={15} /> {words.compare}
    </Link>
  );
}

/** The list as a file: what is selected from what is known here, all that match from the server as a stream. */
function ExportLink({
  selection,
  narrowing,
}: {
  readonly selection: Selection;
  readonly narrowing: ListQuery;
}) {
  const words = useWords({ en, zh });
  const chosen = [...selection.devices.values()];
  const body = (
    <>
      <Download aria-hidden size={15} /> {words.export}
    </>
  );
  if (chosen.length > 0 && !selection.isAll) {
    return (
      <button type="button" onClick={() => save('devices.csv', csvOf(chosen))}>
        {body}
      </button>
    );
  }
  const { search, tenant, project, seenFrom, seenBefore } = narrowing;
  const href = withQuery('/api/v1/export/devices', {
    format: 'csv',
    search,
    tenant,
    project,
    seenFrom,
    seenBefore,
  });
  return (
    <a className="button" href={href} download="devices.csv">
      {body}
    </a>
  );
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}
