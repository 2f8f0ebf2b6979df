import { useEffect, useEffectEvent, useRef } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Format } from '../format.ts';
import { usePalette } from './palette.ts';

const FONT = '11px system-ui, sans-serif';
/** Least width of the value axis, so that charts above each other begin alike, and what is beside its labels. */
const AXIS_PX_MIN = 52;
const AXIS_ROOM_PX = 12;
/** Least room above and below a line, as a share of its values: below it ticks are closer than doubles are. */
const ROOM_MIN = 1e-14;
/** Width of a label with seconds, and the room right of the plot. */
const LABEL_PX = 56;
const EDGE_PX = 8;

/** Points of a line are marked up to this many. */
const MARKED_MAX = 40;
/** A drawn range narrower than this is a click. */
const ZOOM_PX_MIN = 6;

const stepped = uPlot.paths.stepped?.({ align: 1 });

/** One line of a chart. */
export interface ChartLine {
  readonly label: string;
  /** Which of the palette's line colours. */
  readonly tone: number;
  /** Exact integers are drawn where the nearest double is; null breaks the line, undefined is passed over. */
  readonly values: readonly (number | bigint | null | undefined)[];
  /** Values hold until the next one: a line of steps. */
  readonly isStepped?: boolean;
}

/** A chart over time. `at`, `from` and `to` are seconds since 1970. */
export interface ChartProps {
  readonly label: string;
  readonly at: readonly number[];
  readonly lines: readonly ChartLine[];
  readonly from: number;
  readonly to: number;
  readonly height?: number;
  /** Charts of one group show the cursor at the same time. */
  readonly group?: string;
  /** Whether the value axis begins at zero. */
  readonly fromZero?: boolean;
  readonly format: (value: number | bigint) => string;
  /** How times are written. */
  readonly times: Format;
  /** Called with the range (seconds) that was drawn over the chart; absent: none can be. */
  readonly onZoom?: (from: number, to: number) => void;
  /** Labels of the value axis's ticks, `step` apart. */
  readonly formatTicks: (ticks: readonly number[], step: number) => string[];
}

/** Draws lines over time; the cursor tells the values beneath it. */
export function Chart(props: ChartProps) {
  const host = useRef<HTMLDivElement>(null);
  const readout = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(null);
  const drawn = useRef(props);
  const palette = usePalette();
  const { height = 220 } = props;
  const shape = JSON.stringify([
    props.lines.map((line) => [line.label, line.tone, line.isStepped]),
    height,
    props.fromZero,
    props.group,
    props.times.zone,
    props.times.moment(0),
    props.onZoom !== undefined,
  ]);

  const build = useEffectEvent((place: HTMLDivElement) => {
    const made = new uPlot(
      optionsOf(props, palette, height, place.clientWidth, {
        tell: (plot) => tell(plot, readout.current, drawn.current, palette.lines),
        zoom: (plot) => zoom(plot, drawn.current),
      }),
      columnsOf(props),
      place,
    );
    made.setScale('x', { min: props.from, max: props.to });
    return made;
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` and `palette` say when the plot must be made anew
  useEffect(() => {
    const place = host.current;
    if (!place) return;
    const made = build(place);
    plot.current = made;
    const observer = new ResizeObserver(() => made.setSize({ width: place.clientWidth, height }));
    observer.observe(place);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape, palette, height]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    drawn.current = props;
    made.batch(() => {
      made.setData(columnsOf(props), false);
      made.setScale('x', { min: props.from, max: props.to });
    });
  }, [props]);

  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: T opens the table of the chart that has the focus
    <div className="chart" role="img" aria-label={props.label} tabIndex={0}>
      <div ref={host} className="chart-plot" />
      <div ref={readout} className="chart-readout" hidden />
    </div>
  );
}

function columnsOf(props: ChartProps): uPlot.AlignedData {
  return [[...props.at], ...props.lines.map(heightsOf)];
}

function heightsOf({ values }: ChartLine): (number | null | undefined)[] {
  return values.map((value) => (typeof value === 'bigint' ? Number(value) : value));
}

function optionsOf(
  props: ChartProps,
  palette: ReturnType<typeof usePalette>,
  height: number,
  width: number,
  hooks: { readonly tell: (plot: uPlot) => void; readonly zoom: (plot: uPlot) => void },
): uPlot.Options {
  const axis = { stroke: palette.muted, font: FONT };
  const grid = { stroke: palette.grid, width: 1 };
  return {
    width,
    height,
    padding: [10, EDGE_PX, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      points: { size: 7, fill: palette.surface, width: 2 },
      drag: { x: props.onZoom !== undefined, y: false, setScale: false },
      ...(props.group ? { sync: { key: props.group } } : {}),
    },
    scales: {
      x: { time: true, auto: false },
      y: { range: (_, min, max) => rangeOf(min, max, props.fromZero ?? false) },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        ticks: { ...grid, size: 4 },
        space: 80,
        size: 30,
        values: (plot, splits) =>
          splits.map((at) => (isCut(plot, at) ? '' : tickOf(at, splits, props.times))),
      },
      {
        ...axis,
        grid,
        ticks: { show: false },
        size: (plot, labels) => axisWidth(plot, labels),
        space: 36,
        values: (_plot, splits, _axis, _space, step) => props.formatTicks(splits, step),
      },
    ],
    series: [
      {},
      ...props.lines.map((line) => {
        const colour = palette.lines[line.tone % palette.lines.length] ?? palette.muted;
        return {
          label: line.label,
          stroke: colour,
          width: 1.6,
          ...(line.isStepped && stepped ? { paths: stepped } : {}),
          points: { show: (plot: uPlot, at: number) => isSparse(plot, at), size: 4, fill: colour },
          fill: (plot: uPlot) => shade(plot, colour, props.lines.length),
        };
      }),
    ],
    hooks: { setCursor: [hooks.tell], setSelect: [hooks.zoom] },
  };
}

/** Whether a line has so few points that each is marked; a single one would not be seen at all. */
function isSparse(plot: uPlot, series: number): boolean {
  const heights = plot.data[series] ?? [];
  let points = 0;
  for (const height of heights)
    if (height !== null && height !== undefined && ++points >= MARKED_MAX) return false;
  return true;
}

/** Width of the value axis: that of its longest label. uPlot asks once before there are any. */
function axisWidth(plot: uPlot, labels: readonly string[] | null): number {
  plot.ctx.font = FONT;
  const widths = (labels ?? []).map((label) => plot.ctx.measureText(label).width);
  return Math.max(AXIS_PX_MIN, Math.ceil(Math.max(0, ...widths)) + AXIS_ROOM_PX);
}

/** Whether a label centred at a time would reach beyond the plot. */
function isCut(plot: uPlot, at: number): boolean {
  return plot.valToPos(at, 'x') > plot.bbox.width / devicePixelRatio - LABEL_PX / 2 + EDGE_PX;
}

/** Seconds where ticks are closer than a minute, milliseconds where they are closer than a second, the day where they span more than one. */
function tickOf(at: number, splits: readonly number[], format: Format): string {
  const [first = at, second = at] = splits;
  const span = (splits.at(-1) ?? at) - first;
  if (span > 24 * 3_600) return format.dayMinute(at * 1_000);
  const step = second - first;
  return step >= 60 ? format.minute(at * 1_000) : format.clock(at * 1_000, step > 0 && step < 1);
}

function rangeOf(min: number | null, max: number | null, fromZero: boolean): [number, number] {
  if (min === null || max === null || !Number.isFinite(min) || !Number.isFinite(max)) return [0, 1];
  const low = fromZero ? Math.min(0, min) : min;
  const least = Math.max(Math.abs(low), Math.abs(max)) * ROOM_MIN;
  const room = max - low === 0 ? Math.abs(max) * 0.1 || 1 : Math.max((max - low) * 0.12, least);
  return [fromZero && low === 0 ? 0 : low - room, max + room];
}

function shade(plot: uPlot, colour: string, lines: number): CanvasGradient | string {
  const { top, height } = plot.bbox;
  if (!Number.isFinite(top) || height <= 0) return 'transparent';
  const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
  gradient.addColorStop(0, `${colour}${lines > 1 ? '24' : '38'}`);
  gradient.addColorStop(1, `${colour}00`);
  return gradient;
}

/** Hands on the range that was drawn, and takes the mark away. */
function zoom(plot: uPlot, props: ChartProps): void {
  const { left, width } = plot.select;
  if (width < ZOOM_PX_MIN) return;
  plot.setSelect({ left: 0, width: 0, top: 0, height: 0 }, false);
  props.onZoom?.(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
}

function tell(
  plot: uPlot,
  readout: HTMLDivElement | null,
  props: ChartProps,
  colours: readonly string[],
): void {
  if (!readout) return;
  const index = plot.cursor.idx;
  const time = index === null || index === undefined ? undefined : plot.data[0]?.[index];
  readout.hidden = time === undefined;
  if (time === undefined || index === null || index === undefined) return;
  const rows = plot.series.slice(1).map((series, at) => {
    const row = document.createElement('div');
    const mark = document.createElement('span');
    mark.className = 'chart-mark';
    mark.style.background = colours[(props.lines[at]?.tone ?? 0) % colours.length] ?? '';
    const value = props.lines[at]?.values[index];
    const text = value === null || value === undefined ? '–' : props.format(value);
    row.append(
      mark,
      `${plot.series.length > 2 ? `${String(series.label)} ` : ''}`,
      Object.assign(document.createElement('b'), { textContent: text }),
    );
    return row;
  });
  const head = Object.assign(document.createElement('div'), {
    className: 'chart-when',
    textContent: props.times.zonedMoment(time * 1_000),
  });
  readout.replaceChildren(head, ...rows);
  const left = (plot.cursor.left ?? 0) + plot.bbox.left / devicePixelRatio;
  const isRight = left > plot.width / 2;
  readout.style.left = isRight ? '' : `${left + 14}px`;
  readout.style.right = isRight ? `${plot.width - left + 14}px` : '';
}
