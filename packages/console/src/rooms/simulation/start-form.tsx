import Play from 'lucide-react/icons/play';
import { type FormEvent, useState } from 'react';
import { type SimulationRequest, startSimulation } from '../../generated/client.ts';
import { NotDone, useAct } from '../../parts/act.tsx';
import { Field } from '../../parts/field.tsx';
import { useWords } from '../../words/words.ts';
import { en, type SimulationWords } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const WORLDS = ['wind-farm', 'factory', 'traffic'] as const;
/** Bounds of the API. */
const DEVICES = { min: 1, max: 1_000 };
const RATE = { min: 0.01, max: 2 };
const SEED = { min: 0, max: 4_294_967_295 };

interface Draft {
  readonly world: SimulationRequest['world'];
  readonly devices: string;
  readonly rate: string;
  readonly seed: string;
  readonly tenant: string;
  readonly project: string;
}

const FIRST: Draft = {
  world: 'wind-farm',
  devices: '12',
  rate: '1',
  seed: '',
  tenant: 'demo',
  project: '',
};

/** Asks what to simulate, and starts it. */
export function StartForm({ started }: { readonly started: () => void }) {
  const words = useWords(WORDS);
  const act = useAct();
  const [draft, setDraft] = useState(FIRST);
  const faults = faultsOf(draft, words);
  const isGood = Object.values(faults).every((fault) => fault === undefined);
  const set = (change: Partial<Draft>) => setDraft((before) => ({ ...before, ...change }));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isGood) act.run(() => startSimulation(requestOf(draft)), started);
  };
  return (
    <form className="form" onSubmit={submit} noValidate>
      <Worlds chosen={draft.world} choose={(world) => set({ world })} />
      <div className="field-row">
        <Text name="devices" draft={draft} set={set} label={words.devices} fault={faults.devices} />
        <Text
          name="rate"
          draft={draft}
          set={set}
          label={words.rate}
          fault={faults.rate}
          hint={words.rateHint}
        />
        <Text
          name="seed"
          draft={draft}
          set={set}
          label={words.seed}
          fault={faults.seed}
          hint={words.seedHint}
        />
        <Text name="tenant" draft={draft} set={set} label={words.tenant} />
        <Text name="project" draft={draft} set={set} label={words.project} hint={words.projectHint} />
      </div>
      <p className="small quiet">{words.ends}</p>
      <NotDone error={act.error} />
      <div className="row">
        <button type="submit" className="strong" disabled={act.isBusy || !isGood}>
          <Play aria-hidden size={15} /> {act.isBusy ? words.going : words.go}
        </button>
        {isGood && (
          <span className="quiet small">{words.load(Number(draft.devices) * Number(draft.rate))}</span>
        )}
      </div>
    </form>
  );
}

function Worlds({
  chosen,
  choose,
}: {
  readonly chosen: Draft['world'];
  readonly choose: (world: Draft['world']) => void;
}) {
  const words = useWords(WORDS);
  return (
    <fieldset className="ways">
      <legend>{words.world}</legend>
      {WORLDS.map((world) => (
        <label key={world} className="way">
          <input type="radio" name="world" checked={world === chosen} onChange={() => choose(world)} />
          <strong>{words.worlds[world]}</strong>
          <span className="small quiet">{words.worldWords[world]}</span>
        </label>
      ))}
    </fieldset>
  );
}

function Text({
  name,
  draft,
  set,
  label,
  fault,
  hint,
}: {
  readonly name: Exclude<keyof Draft, 'world'>;
  readonly draft: Draft;
  readonly set: (change: Partial<Draft>) => void;
  readonly label: string;
  readonly fault?: string | undefined;
  readonly hint?: string;
}) {
  const isNumber = name !== 'tenant' && name !== 'project';
  return (
    <Field label={label} fault={fault} hint={hint}>
      {(ids) => (
        <input
          {...ids}
          value={draft[name]}
          inputMode={isNumber ? 'decimal' : 'text'}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => set({ [name]: event.target.value })}
        />
      )}
    </Field>
  );
}

interface Bounds {
  readonly min: number;
  readonly max: number;
}

function faultsOf({ devices, rate, seed }: Draft, words: SimulationWords) {
  const isIn = (text: string, { min, max }: Bounds) =>
    text.trim() !== '' && Number(text) >= min && Number(text) <= max;
  const isWhole = (text: string, bounds: Bounds) => isIn(text, bounds) && Number.isInteger(Number(text));
  const told = ({ min, max }: Bounds) => [String(min), String(max)] as const;
  return {
    devices: isWhole(devices, DEVICES) ? undefined : words.wholeOutOfRange(...told(DEVICES)),
    rate: isIn(rate, RATE) ? undefined : words.outOfRange(...told(RATE)),
    seed: seed.trim() === '' || isWhole(seed, SEED) ? undefined : words.wholeOutOfRange(...told(SEED)),
  };
}

function requestOf({ world, devices, rate, seed, tenant, project }: Draft): SimulationRequest {
  return {
    world,
    devices: Number(devices),
    rate: Number(rate),
    ...(seed.trim() === '' ? {} : { seed: Number(seed) }),
    ...(tenant.trim() === '' ? {} : { tenant: tenant.trim() }),
    ...(project.trim() === '' ? {} : { project: project.trim() }),
  };
}
