import { useEffect, useState } from 'react';
import { useSession } from '../../frame/session.tsx';
import { listDevices, type OnboardingCommand } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { Field } from '../../parts/field.tsx';
import { Card } from '../../parts/parts.tsx';
import { type DeviceName, setQuery, usePlace } from '../../route.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** Ways in which a device can send. */
export const WAYS = ['mqtt', 'http', 'file'] as const;

/** One of the ways. */
export type Way = OnboardingCommand['way'];

/** What the reader has chosen, as the address says it. */
export interface DeviceChoice {
  readonly way: Way;
  /** As it stands in the fields, faults included. */
  readonly name: DeviceName;
  /** The last that could be a name and had not changed for a moment. */
  readonly settled: DeviceName | undefined;
  /** Whether that is what stands in the fields. */
  readonly isSettled: boolean;
  write(part: keyof DeviceName, value: string): void;
  /** Goes on to another device of the same tenant and project, with a name that is free. */
  another(): void;
}

const PARTS = ['tenant', 'project', 'device'] as const;
const NAME_MAX = 128;
/** Nothing is asked of the server while somebody types. */
const SETTLE_MS = 350;
const FIRST = { tenant: 'my-company', project: 'my-site', device: 'my-sensor' };
/** Tenant of what is simulated; a device of one's own does not belong there. */
const DEMO = 'demo';

/** The choice that stands in the address, with defaults that fit what there is. Undefined until those are known. */
export function useDeviceChoice(): DeviceChoice | undefined {
  const { query } = usePlace();
  const [again, setAgain] = useState<Again>({ turn: 0, place: undefined });
  const first = useSuggestion(again);
  const way = WAYS.find((one) => one === query.get('way')) ?? 'mqtt';
  // an emptied field is not in the address, and must not be filled again
  const [draft, setDraft] = useState<Partial<DeviceName>>({});
  const of = (part: keyof DeviceName) => draft[part] ?? query.get(part) ?? first?.[part] ?? '';
  const [tenant, project, device] = [of('tenant'), of('project'), of('device')];
  const [settled, setSettled] = useState<DeviceName | undefined>(undefined);
  const isGood = [tenant, project, device].every(isName);
  useEffect(() => {
    if (!isGood) return;
    const timer = window.setTimeout(() => setSettled({ tenant, project, device }), SETTLE_MS);
    return () => window.clearTimeout(timer);
  }, [tenant, project, device, isGood]);
  if (!first) return undefined;
  const name = { tenant, project, device };
  return {
    way,
    name,
    settled,
    isSettled: settled !== undefined && PARTS.every((part) => settled[part] === name[part]),
    write: (part, value) => {
      setDraft((before) => ({ ...before, [part]: value }));
      setQuery({ ...name, [part]: value });
    },
    another: () => {
      setDraft({});
      setQuery({ tenant: undefined, project: undefined, device: undefined });
      setAgain(({ turn }) => ({ turn: turn + 1, place: { tenant, project } }));
      window.scrollTo(0, 0);
      document.getElementById('main')?.focus({ preventScroll: true });
    },
  };
}

/** How often one has gone on to another device, and from where. */
interface Again {
  readonly turn: number;
  readonly place: Omit<DeviceName, 'device'> | undefined;
}

/** Where a new device most likely belongs, and a name that is free there. */
function useSuggestion({ turn, place }: Again): DeviceName | undefined {
  const { who } = useSession();
  const scoped = who?.grants.every((grant) => grant.tenant !== undefined) ? who.grants[0] : undefined;
  const { data, error } = useFetched(`connect suggestion ${turn}`, async (signal) => {
    const recent = await listDevices({ sort: 'lastSeen', order: 'desc', limit: 20 }, signal);
    const own = recent.items.find(({ tenant }) => tenant !== DEMO);
    const tenant = place?.tenant ?? scoped?.tenant ?? own?.tenant ?? FIRST.tenant;
    const project =
      place?.project ?? scoped?.project ?? (own?.tenant === tenant ? own.project : FIRST.project);
    const taken = await listDevices({ tenant, project, search: FIRST.device, limit: 200 }, signal);
    const names = new Set(taken.items.map(({ device }) => device));
    let number = 1;
    while (names.has(`${FIRST.device}-${number}`)) number += 1;
    return { tenant, project, device: scoped?.device ?? `${FIRST.device}-${number}` };
  });
  // without a suggestion one can still type
  return data ?? (error ? { ...FIRST, device: `${FIRST.device}-1` } : undefined);
}

function isName(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what a topic may not hold
  return text.length > 0 && text.length <= NAME_MAX && !/[\u0000-\u001f\u007f-\u009f#+/]/.test(text);
}

/** Asks which device it is and how it sends. */
export function DeviceChoiceCard({ choice }: { readonly choice: DeviceChoice }) {
  const words = useWords(WORDS);
  const { name, way } = choice;
  const hints = { tenant: words.tenantHint, project: words.projectHint, device: words.deviceHint };
  return (
    <Card title={words.which}>
      <div className="form">
        <fieldset className="ways">
          <legend>{words.way}</legend>
          {WAYS.map((one) => (
            <label key={one} className="way">
              <input
                type="radio"
                name="way"
                checked={one === way}
                onChange={() => setQuery({ way: one, tool: undefined })}
              />
              <strong>{words.ways[one]}</strong>
              <span className="small quiet">{words.wayWords[one]}</span>
            </label>
          ))}
        </fieldset>
        <div className="field-row">
          {PARTS.map((part) => (
            <Field key={part} label={words[part]} hint={hints[part]} fault={faultOf(name[part], words)}>
              {(ids) => (
                <input
                  {...ids}
                  value={name[part]}
                  autoComplete="off"
                  spellCheck={false}
                  onChange={(event) => choice.write(part, event.target.value)}
                />
              )}
            </Field>
          ))}
        </div>
      </div>
    </Card>
  );
}

function faultOf(text: string, words: { readonly empty: string; readonly badName: string }) {
  if (text === '') return words.empty;
  return isName(text) ? undefined : words.badName;
}
