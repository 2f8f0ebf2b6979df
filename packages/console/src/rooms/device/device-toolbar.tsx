import ChevronLeft from 'lucide-react/icons/chevron-left';
import ChevronRight from 'lucide-react/icons/chevron-right';
import Radio from 'lucide-react/icons/radio';
import X from 'lucide-react/icons/x';
import ZoomIn from 'lucide-react/icons/zoom-in';
import ZoomOut from 'lucide-react/icons/zoom-out';
import { type FormEvent, useState } from 'react';
import { RANGES, type RangeName, secondsOf } from '../../charts/time-window.ts';
import { listDevices } from '../../generated/client.ts';
import { serverNow } from '../../live/server-clock.ts';
import { NotDone, useAct } from '../../parts/act.tsx';
import { type DeviceName, devicePath, stepQuery } from '../../route.ts';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { moved, type TimeView, writeCompared, writeFixed, writeMetrics } from './device-view.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

/** Chooses what of the time is shown. */
export function RangePicker({ time, fitting }: { readonly time: TimeView; readonly fitting: RangeName }) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const isFixed = time.kind === 'fixed';
  const choices = ['auto' as const, ...RANGES.map(({ name }) => name)];
  const range = time.kind === 'fixed' ? time : tailRange(time.range === 'auto' ? fitting : time.range);
  const go = (factor: number, shift: number) => {
    const { from, to } = moved(range, factor, shift);
    stepQuery({ ...writeFixed(from, to), range: '' });
  };
  return (
    <div className="row">
      <fieldset className="segments">
        <legend className="unseen">{words.range}</legend>
        {choices.map((name) => (
          <label key={name}>
            <input
              type="radio"
              name="range"
              checked={!isFixed && time.range === name}
              onChange={() => stepQuery({ range: name === 'auto' ? '' : name, from: '', to: '' })}
            />
            <span>{name === 'auto' ? words.auto : words.ranges[name]}</span>
          </label>
        ))}
      </fieldset>
      <span className="row tight" title={words.zoomHint}>
        <IconButton label={words.earlier} act={() => go(1, -0.5)} icon={ChevronLeft} />
        <IconButton label={words.zoomIn} act={() => go(0.5, 0)} icon={ZoomIn} />
        <IconButton label={words.zoomOut} act={() => go(2, 0)} icon={ZoomOut} />
        <IconButton label={words.later} act={() => go(1, 0.5)} icon={ChevronRight} />
      </span>
      {isFixed && (
        <>
          <span className="quiet small figures">
            {words.fixed(format.moment(time.from * 1_000), format.zonedMoment(time.to * 1_000))}
          </span>
          <button type="button" onClick={() => stepQuery({ from: '', to: '' })}>
            <Radio aria-hidden size={15} /> {words.backToLive}
          </button>
        </>
      )}
    </div>
  );
}

function tailRange(range: RangeName): { readonly from: number; readonly to: number } {
  const now = serverNow() / 1_000;
  return { from: now - secondsOf(range), to: now };
}

function IconButton({
  label,
  act,
  icon: Icon,
}: {
  readonly label: string;
  readonly act: () => void;
  readonly icon: typeof ZoomIn;
}) {
  return (
    <button type="button" className="quiet-button" aria-label={label} title={label} onClick={act}>
      <Icon aria-hidden size={17} />
    </button>
  );
}

/** Chooses which metrics are drawn. */
export function MetricPicker({
  names,
  shown,
}: {
  readonly names: readonly string[];
  readonly shown: readonly string[];
}) {
  const words = useWords({ en, zh });
  const toggle = (metric: string) => {
    const others = shown.filter((one) => one !== metric);
    stepQuery({ metrics: writeMetrics(others.length === shown.length ? [...shown, metric] : others) });
  };
  return (
    <fieldset className="chips">
      <legend className="unseen">{words.metrics}</legend>
      {names.map((metric) => (
        <label key={metric} className="chip">
          <input type="checkbox" checked={shown.includes(metric)} onChange={() => toggle(metric)} />
          {metric}
        </label>
      ))}
    </fieldset>
  );
}

/** The other devices, each with a button that takes it away. */
function Compared({
  compared,
  isBusy,
}: {
  readonly compared: readonly DeviceName[];
  readonly isBusy: boolean;
}) {
  const words = useWords({ en, zh });
  return (
    <ul className="saved plain" aria-label={words.compared}>
      {compared.map((device) => (
        <li key={devicePath(device)} className="chip">
          {device.device}
          <button
            type="button"
            className="chip-button"
            aria-label={words.uncompare(device.device)}
            disabled={isBusy}
            onClick={() => stepQuery({ compare: writeCompared(compared.filter((one) => one !== device)) })}
          >
            <X aria-hidden size={13} />
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Chooses which other devices are drawn beside this one. */
export function ComparePicker({
  own,
  compared,
  isFull,
}: {
  readonly own: DeviceName;
  readonly compared: readonly DeviceName[];
  /** Whether no further device can be drawn. */
  readonly isFull: boolean;
}) {
  const words = useWords({ en, zh });
  const [search, setSearch] = useState('');
  const [missed, setMissed] = useState('');
  const act = useAct();
  const add = (event: FormEvent) => {
    event.preventDefault();
    const wanted = search.trim();
    if (wanted === '' || act.isBusy) return;
    const known = new Set([own, ...compared].map(devicePath));
    act.run(
      () => listDevices({ search: wanted, limit: 100 }),
      ({ items }) => {
        const rest = items.filter((item) => !known.has(devicePath(item)));
        const found = rest.find((item) => item.device === wanted) ?? rest[0];
        setMissed(found ? '' : wanted);
        if (!found) return;
        setSearch('');
        stepQuery({ compare: writeCompared([...compared, found]) });
      },
    );
  };
  return (
    <form className="row" onSubmit={add}>
      {compared.length > 0 && <Compared compared={compared} isBusy={act.isBusy} />}
      <label className="select">
        {words.compare}
        <input
          className="wide-input"
          value={search}
          disabled={isFull}
          placeholder={words.compareHint}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => setSearch(event.target.value)}
        />
      </label>
      {missed !== '' && (
        <span className="quiet small" role="status">
          {words.noSuch(missed)}
        </span>
      )}
      <NotDone error={act.error} />
    </form>
  );
}
