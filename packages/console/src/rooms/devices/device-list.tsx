import { useWindowVirtualizer } from '@tanstack/react-virtual';
import ArrowDown from 'lucide-react/icons/arrow-down';
import ArrowUp from 'lucide-react/icons/arrow-up';
import {
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { formatCount, millisOf } from '../../format.ts';
import type { Device } from '../../generated/client.ts';
import { useServerNow } from '../../live/server-clock.ts';
import { freshnessAt } from '../../parts/freshness.ts';
import { FreshnessMark, Link } from '../../parts/parts.tsx';
import { devicePath, stepQuery } from '../../route.ts';
import { useFormat } from '../../use-format.ts';
import { useShared } from '../../words/shared.ts';
import { useWords } from '../../words/words.ts';
import type { DeviceRows } from './device-rows.ts';
import { en } from './en.ts';
import type { Sort } from './filter.ts';
import { isSelected, type Selection, withDevices } from './selection.ts';
import { zh } from './zh.ts';

/** Height of a row, in the page's font size; in a narrow window it has three lines. */
const ROW_REM = { wide: 2.9, narrow: 4.3 };
const NARROW = '(max-width: 640px)';
/** Rows drawn beyond the view. */
const OVERSCAN = 12;
const PAGE_STEP = 10;

interface ListProps {
  readonly rows: DeviceRows;
  readonly total: number;
  readonly sort: Sort;
  readonly isDescending: boolean;
  readonly selection: Selection;
  readonly setSelection: (selection: Selection) => void;
  readonly setRange: (range: { readonly first: number; readonly last: number }) => void;
}

/** The devices, only those in view drawn: a hundred thousand are as quick as fifty. */
export function DeviceList(props: ListProps) {
  const { rows, total, setRange } = props;
  const words = useWords({ en, zh });
  const body = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  const pending = useRef<number>(undefined);
  const now = useServerNow();
  useLayoutEffect(() => {
    const top = body.current ? body.current.getBoundingClientRect().top + window.scrollY : 0;
    setMargin(Math.round(top));
  });
  const isNarrow = useSyncExternalStore(watchWidth, () => window.matchMedia(NARROW).matches);
  const rem = Number.parseFloat(getComputedStyle(document.documentElement).fontSize);
  const rowPx = (isNarrow ? ROW_REM.narrow : ROW_REM.wide) * rem;
  const virtual = useWindowVirtualizer({
    count: total,
    estimateSize: () => rowPx,
    overscan: OVERSCAN,
    scrollMargin: margin,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: `rowPx` says that every row has another height
  useLayoutEffect(() => virtual.measure(), [rowPx, virtual]);
  const drawn = virtual.getVirtualItems();
  const first = drawn[0]?.index ?? 0;
  const last = drawn.at(-1)?.index ?? 0;
  useEffect(() => setRange({ first, last }), [first, last, setRange]);
  useEffect(() => {
    // the row that the focus goes to is drawn some frames after the list was moved there
    const link = pending.current === undefined ? null : linkAt(body.current, pending.current);
    if (!link) return;
    pending.current = undefined;
    link.focus({ preventScroll: true });
  });
  const move = (event: KeyboardEvent) => {
    const next = nextRow(event.key, rowOf(document.activeElement), total);
    if (next === undefined) return;
    event.preventDefault();
    virtual.scrollToIndex(next, { align: 'auto' });
    const link = linkAt(body.current, next);
    link?.focus({ preventScroll: true });
    pending.current = link ? undefined : next;
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: rows are placed by the virtual list, which a table does not allow
    <div
      role="table"
      className="device-list"
      aria-label={words.title}
      aria-rowcount={total + 1}
      onKeyDown={move}
    >
      <ListHead {...props} shown={drawn.flatMap(({ index }) => rows.at(index) ?? [])} />
      {/* biome-ignore lint/a11y/useSemanticElements: see above */}
      <div role="rowgroup" ref={body} className="device-body" style={{ height: virtual.getTotalSize() }}>
        {drawn.map(({ index, start }) => (
          <DeviceRow
            key={index}
            index={index}
            top={start - margin}
            device={rows.at(index)}
            now={now}
            selection={props.selection}
            setSelection={props.setSelection}
          />
        ))}
      </div>
    </div>
  );
}

function watchWidth(tell: () => void): () => void {
  const query = window.matchMedia(NARROW);
  query.addEventListener('change', tell);
  return () => query.removeEventListener('change', tell);
}

function linkAt(body: HTMLElement | null, index: number): HTMLElement | null {
  return body?.querySelector<HTMLElement>(`[data-row="${index}"] .row-link`) ?? null;
}

function rowOf(element: Element | null): number {
  return Number(element?.closest('[data-row]')?.getAttribute('data-row') ?? -1);
}

/** The row that a key goes to from another; undefined when the key is none of the list's. */
function nextRow(key: string, from: number, total: number): number | undefined {
  const steps: Readonly<Record<string, number>> = {
    ArrowDown: from + 1,
    ArrowUp: from - 1,
    PageDown: from + PAGE_STEP,
    PageUp: from - PAGE_STEP,
    Home: 0,
    End: total - 1,
  };
  const next = steps[key];
  if (next === undefined || (from < 0 && key !== 'ArrowDown')) return undefined;
  return Math.min(Math.max(0, next), total - 1);
}

function ListHead(props: ListProps & { readonly shown: readonly Device[] }) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const { selection, setSelection, shown } = props;
  const isChecked = shown.length > 0 && shown.every((device) => isSelected(selection, device));
  return (
    // biome-ignore lint/a11y/useSemanticElements: see DeviceList
    <div role="rowgroup" className="device-head-row">
      {/* biome-ignore lint/a11y/useSemanticElements: see DeviceList */}
      {/* biome-ignore lint/a11y/useFocusableInteractive: a row of a table takes no focus */}
      <div role="row" aria-rowindex={1} className="device-row">
        <ColumnHead>
          <input
            type="checkbox"
            aria-label={words.selectShown}
            checked={isChecked}
            onChange={(event) => setSelection(withDevices(selection, shown, event.target.checked))}
          />
        </ColumnHead>
        <SortHead {...props} column="device" label={words.device} />
        <ColumnHead className="wide-only">{words.place}</ColumnHead>
        <ColumnHead>{words.state}</ColumnHead>
        <SortHead
          {...props}
          column="last-seen"
          label={`${words.lastSeen} (${format.zone})`}
          className="wide-only"
        />
        <SortHead {...props} column="metrics" label={words.metrics} className="number wide-only" />
      </div>
    </div>
  );
}

function ColumnHead({
  className = '',
  children,
}: {
  readonly className?: string;
  readonly children: ReactNode;
}) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: see DeviceList
    // biome-ignore lint/a11y/useFocusableInteractive: a heading of a column takes no focus
    <div role="columnheader" className={`cell ${className}`}>
      {children}
    </div>
  );
}

function SortHead({
  column,
  label,
  sort,
  isDescending,
  className = '',
}: Pick<ListProps, 'sort' | 'isDescending'> & {
  readonly column: Sort;
  readonly label: string;
  readonly className?: string;
}) {
  const words = useWords({ en, zh });
  const isOurs = sort === column;
  const Icon = isDescending ? ArrowDown : ArrowUp;
  const sorted = isDescending ? words.sortedDown(label) : words.sortedUp(label);
  return (
    // biome-ignore lint/a11y/useSemanticElements: see DeviceList
    // biome-ignore lint/a11y/useFocusableInteractive: the button in it takes the focus
    <div
      role="columnheader"
      className={`cell ${className}`}
      aria-sort={isOurs ? (isDescending ? 'descending' : 'ascending') : 'none'}
    >
      <button
        type="button"
        className="head-button"
        title={isOurs ? sorted : words.sort(label)}
        onClick={() => stepQuery({ sort: column, order: isOurs && !isDescending ? 'desc' : '' })}
      >
        {label} {isOurs && <Icon aria-hidden size={13} />}
      </button>
    </div>
  );
}

function DeviceRow({
  index,
  top,
  device,
  now,
  selection,
  setSelection,
}: {
  readonly index: number;
  readonly top: number;
  readonly device: Device | undefined;
  readonly now: number;
  readonly selection: Selection;
  readonly setSelection: (selection: Selection) => void;
}) {
  const words = useWords({ en, zh });
  const place = { transform: `translateY(${top}px)` };
  const common = { className: 'device-row', style: place, 'data-row': index, 'aria-rowindex': index + 2 };
  if (!device) {
    return (
      // biome-ignore lint/a11y/useSemanticElements: see DeviceList
      // biome-ignore lint/a11y/useFocusableInteractive: a row of a table takes no focus
      <div role="row" {...common}>
        <Cell className="quiet">{words.loadingRow}</Cell>
      </div>
    );
  }
  const ageMs = now - millisOf(device.lastSeen);
  const project = `${device.tenant} / ${device.project}`;
  return (
    // biome-ignore lint/a11y/useSemanticElements: see DeviceList
    // biome-ignore lint/a11y/useFocusableInteractive: the link in it takes the focus
    <div role="row" {...common}>
      <Cell className="check-cell">
        <input
          type="checkbox"
          aria-label={words.select(device.device)}
          checked={isSelected(selection, device)}
          onChange={(event) => setSelection(withDevices(selection, [device], event.target.checked))}
        />
      </Cell>
      <Cell className="name-cell">
        <Link to={devicePath(device)} className="row-link" title={device.device}>
          {device.device}
        </Link>
        <span className="narrow-only quiet small">{project}</span>
        <span className="narrow-only quiet small figures">
          <LastSeen ms={millisOf(device.lastSeen)} ageMs={ageMs} />
        </span>
      </Cell>
      <Cell className="quiet wide-only">
        <span className="place-cell">{project}</span>
      </Cell>
      <Cell>
        <FreshnessMark ageMs={ageMs} />
      </Cell>
      <Cell className="figures seen-cell wide-only">
        <LastSeen ms={millisOf(device.lastSeen)} ageMs={ageMs} />
      </Cell>
      <Cell className="number figures wide-only">{formatCount(device.metrics)}</Cell>
    </div>
  );
}

/** How long ago, and since when where it is silent. */
function LastSeen({ ms, ageMs }: { readonly ms: number; readonly ageMs: number }) {
  const format = useFormat();
  const words = useShared();
  const state = freshnessAt(ageMs);
  const isSilent = state === 'quiet' || state === 'silent';
  return (
    <>
      {format.ago(ageMs)}
      {isSilent && <span className="quiet small"> {words.silentSince(format.dayMinute(ms))}</span>}
    </>
  );
}

function Cell({ className = '', children }: { readonly className?: string; readonly children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: see DeviceList
    <div role="cell" className={`cell ${className}`}>
      {children}
    </div>
  );
}
