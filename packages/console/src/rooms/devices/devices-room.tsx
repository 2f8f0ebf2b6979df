import { useDeferredValue, useMemo, useState } from 'react';
import { formatCount } from '../../format.ts';
import { useOverview } from '../../live/overview-feed.tsx';
import { EmptyPlatform } from '../../parts/empty-platform.tsx';
import { Failed, Loading, RoomHead } from '../../parts/parts.tsx';
import type { RoomProps } from '../../room.ts';
import { usePlace } from '../../route.ts';
import { useWords } from '../../words/words.ts';
import { DeviceRoom } from '../device/device-room.tsx';
import { DeviceFilters, SearchField } from './device-filters.tsx';
import { DeviceList } from './device-list.tsx';
import { useDeviceRows } from './device-rows.ts';
import { en } from './en.ts';
import {
  type Filter,
  isNarrow,
  type ListQuery,
  narrowingOf,
  readFilter,
  readOrder,
  SORTS,
  type Sort,
} from './filter.ts';
import { NOTHING } from './selection.ts';
import { SelectionBar } from './selection-bar.tsx';
import { zh } from './zh.ts';
import './devices.css';

/** The list of devices, or the device that the address names. */
export function Content({ rest }: RoomProps) {
  const [tenant, project, device] = rest;
  if (tenant === undefined || project === undefined || device === undefined) return <DevicesRoom />;
  return <DeviceRoom name={{ tenant, project, device }} />;
}

/** Rows that are asked for before it is known which are in view. */
const FIRST_ROWS = 60;

function DevicesRoom() {
  const words = useWords({ en, zh });
  const { query } = usePlace();
  const filter = readFilter(query);
  const { sort, isDescending } = readOrder(query);
  const question = useDeferredValue(JSON.stringify([filter, sort, isDescending]));
  const asked = useMemo(() => askedBy(question), [question]);
  const [range, setRange] = useState({ first: 0, last: FIRST_ROWS });
  const [selection, setSelection] = useState(NOTHING);
  const narrowed = JSON.stringify(filter);
  const [selectedOf, setSelectedOf] = useState(narrowed);
  // all that match were those of the filter before
  if (selectedOf !== narrowed) {
    setSelectedOf(narrowed);
    if (selection.isAll) setSelection(NOTHING);
  }
  const rows = useDeviceRows(asked, range.first, range.last);
  const { overview } = useOverview();
  const { total, fetched } = rows;
  const isEmpty = total === 0 && !fetched.isLoading;
  return (
    <>
      <RoomHead title={words.title}>
        <SearchField value={filter.search} />
      </RoomHead>
      <DeviceFilters filter={filter} />
      {fetched.error && <Failed error={fetched.error} retry={fetched.reload} />}
      {total === undefined && !fetched.error && <Loading rows={8} />}
      {isEmpty && (isNarrow(filter) ? <p className="notice">{words.none}</p> : <EmptyPlatform />)}
      {total !== undefined && total > 0 && (
        <div className="card device-card">
          <SelectionBar
            selection={selection}
            setSelection={setSelection}
            matching={total}
            all={Math.max(total, overview?.devices ?? 0)}
            narrowing={narrowingOf(filter)}
          />
          <DeviceList
            rows={rows}
            total={total}
            sort={sort}
            isDescending={isDescending}
            selection={selection}
            setSelection={setSelection}
            setRange={setRange}
          />
        </div>
      )}
      <p className="unseen" role="status">
        {total === undefined ? '' : formatCount(total)}
      </p>
    </>
  );
}

/** What the server is asked for, by the address. */
function askedBy(question: string): ListQuery {
  const [filter, sort, isDescending]: [Filter, Sort, boolean] = JSON.parse(question);
  return { ...narrowingOf(filter), sort: SORTS[sort], order: isDescending ? 'desc' : 'asc' };
}
