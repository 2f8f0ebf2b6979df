import Table2 from 'lucide-react/icons/table-2';
import { type KeyboardEvent, type ReactNode, useId, useState } from 'react';
import { Card } from '../parts/parts.tsx';
import { useFormat } from '../use-format.ts';
import { useShared } from '../words/shared.ts';
import { Chart, type ChartLine, type ChartProps } from './chart.tsx';

/** Rows of the table behind a chart: the newest. */
const TABLE_ROWS = 100;

/** A chart in a box, with its legend and, on a button or the key T, the points behind it as a table. */
export function ChartCard({
  title,
  aside,
  note,
  chart,
  timeHead,
  rowsWords,
}: {
  readonly title: string;
  readonly aside?: ReactNode;
  readonly note?: ReactNode;
  readonly chart: Omit<ChartProps, 'times'>;
  /** Heading of the column of times. */
  readonly timeHead: string;
  /** Says how many of the points the table shows. */
  readonly rowsWords: (shown: number, all: number) => string;
}) {
  const [isOpen, setOpen] = useState(false);
  const id = useId();
  const format = useFormat();
  const words = useShared();
  const tableKey = tableKeyOf(() => setOpen((before) => !before));
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the key is a second way to what the button in it does
    <div className="chart-card" onKeyDown={tableKey}>
      <Card
        title={title}
        aside={aside ?? (chart.lines.length > 1 ? <Legend lines={chart.lines} /> : undefined)}
      >
        <Chart {...chart} times={format} />
        <div className="chart-foot">
          <button
            type="button"
            className="quiet-button small"
            aria-expanded={isOpen}
            aria-controls={id}
            aria-keyshortcuts="t"
            onClick={() => setOpen((before) => !before)}
          >
            <Table2 aria-hidden size={15} /> {words.table} <kbd>T</kbd>
          </button>
          {note !== undefined && <span className="quiet small figures">{note}</span>}
        </div>
        <div id={id} hidden={!isOpen}>
          {isOpen && <PointTable chart={chart} timeHead={timeHead} rowsWords={rowsWords} />}
        </div>
      </Card>
    </div>
  );
}

/** T opens the table of the chart that has the focus, on it or on something in its box, and of no other. */
export function tableKeyOf(toggle: () => void): (event: KeyboardEvent) => void {
  return (event) => {
    const isTyping = event.target instanceof HTMLElement && event.target.matches('input, textarea, select');
    if (event.key.toLowerCase() !== 't' || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    toggle();
  };
}

function PointTable({
  chart,
  timeHead,
  rowsWords,
}: {
  readonly chart: Omit<ChartProps, 'times'>;
  readonly timeHead: string;
  readonly rowsWords: (shown: number, all: number) => string;
}) {
  const format = useFormat();
  const known = chart.at
    .map((time, index) => ({ time, index }))
    .filter(({ index }) =>
      chart.lines.some(({ values }) => values[index] !== null && values[index] !== undefined),
    );
  const rows = known.slice(-TABLE_ROWS).toReversed();
  const moments = rows.map(({ time }) => format.moment(time * 1_000));
  // two rows of one second are told apart
  const isPrecise = moments.some((moment, at) => moment === moments[at - 1]);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className="scroll" tabIndex={0} aria-label={chart.label}>
      <table className="dense">
        <caption>{rowsWords(rows.length, known.length)}</caption>
        <thead>
          <tr>
            <th scope="col">
              {timeHead} ({format.zone})
            </th>
            {chart.lines.map(({ label }) => (
              <th key={label} scope="col" className="number">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ time, index }) => (
            <tr key={`${time} ${index}`}>
              <td className="figures">{format.moment(time * 1_000, isPrecise)}</td>
              {chart.lines.map(({ label, values }) => (
                <td key={label} className="number figures">
                  <Cell value={values[index]} format={chart.format} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Cell({
  value,
  format,
}: {
  readonly value: number | bigint | null | undefined;
  readonly format: ChartProps['format'];
}) {
  return value === null || value === undefined ? '–' : format(value);
}

/** What each line is. */
export function Legend({ lines }: { readonly lines: readonly Pick<ChartLine, 'label' | 'tone'>[] }) {
  return (
    <ul className="legend">
      {lines.map(({ label, tone }) => (
        <li key={label}>
          <span className={`chart-mark tone-${tone % 6}`} />
          {label}
        </li>
      ))}
    </ul>
  );
}
