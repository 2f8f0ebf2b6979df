import Download from 'lucide-react/icons/download';
import GitCompare from 'lucide-react/icons/git-compare-arrows';
import { type Device, listDevices } from '../../generated/client.ts';
import { NotDone, useAct } from '../../parts/act.tsx';
import { Link } from '../../parts/parts.tsx';
import { devicePath, withQuery } from '../../route.ts';
import { useWords } from '../../words/words.ts';
import { type DevicesWords, en } from './en.ts';
import type { ListQuery } from './filter.ts';
import { csvOf, isSelected, NOTHING, type Selection, sizeOf } from './selection.ts';
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
  const size = sizeOf(selection, matching);
  const isAny = selection.isAll || size > 0;
  return (
    <div className="selection">
      <p role="status">{isAny ? selectedWords(selection, matching, words) : words.matching(matching, all)}</p>
      {isAny && size < matching && (
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

function selectedWords({ isAll, devices }: Selection, matching: number, words: DevicesWords): string {
  if (!isAll) return words.selected(devices.size);
  return devices.size === 0
    ? words.allSelected(matching)
    : words.allBut(Math.max(0, matching - devices.size), matching);
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

/**
 * The list as a file: what is selected from what is known here, all that match from the server as a stream, and of all
 * but some each line of that stream that is selected.
 */
function ExportLink({
  selection,
  narrowing,
}: {
  readonly selection: Selection;
  readonly narrowing: ListQuery;
}) {
  const words = useWords({ en, zh });
  const save = useAct();
  const body = (
    <>
      <Download aria-hidden size={15} /> {words.export}
    </>
  );
  if (selection.devices.size > 0) {
    const ask = async () =>
      selection.isAll ? await allBut(selection, narrowing) : [...selection.devices.values()];
    const download = () => save.run(ask, (devices) => saveFile('devices.csv', csvOf(devices)));
    return (
      <>
        <NotDone error={save.error} />
        <button type="button" disabled={save.isBusy} onClick={download}>
          {body}
        </button>
      </>
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

/** Devices asked for at a time. */
const PAGE = 1_000;

/** Every device that matches, those that were taken out left out. */
async function allBut(selection: Selection, narrowing: ListQuery): Promise<Device[]> {
  const devices: Device[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await listDevices({ ...narrowing, limit: PAGE, cursor });
    devices.push(...page.items.filter((device) => isSelected(selection, device)));
    if (page.cursor === null) return devices;
    cursor = page.cursor;
  }
}

function saveFile(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  URL.revokeObjectURL(url);
}
