import Plus from 'lucide-react/icons/plus';
import X from 'lucide-react/icons/x';
import type { ReactNode } from 'react';
import type { Grant } from '../../generated/client.ts';
import { useShared } from '../../words/shared.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { type GrantDraft, ROLES, scopeText } from './grants.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const FIRST: GrantDraft = { role: 'viewer', tenant: '', project: '', device: '' };

/** Roles, each with where it holds; as many as one wants. */
export function GrantsEditor({
  grants,
  change,
}: {
  readonly grants: readonly GrantDraft[];
  readonly change: (grants: readonly GrantDraft[]) => void;
}) {
  const words = useWords(WORDS);
  const set = (index: number, part: Partial<GrantDraft>) =>
    change(grants.map((grant, at) => (at === index ? { ...grant, ...part } : grant)));
  return (
    <fieldset className="grants">
      <legend>{words.roles}</legend>
      {grants.length === 0 && <p className="small quiet">{words.noRole}</p>}
      {grants.map((grant, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: two grants may be alike while they are written
        <GrantRow key={index} grant={grant} number={index + 1} set={(part) => set(index, part)}>
          <button
            type="button"
            className="quiet-button"
            aria-label={words.removeRole(index + 1)}
            onClick={() => change(grants.filter((_, at) => at !== index))}
          >
            <X aria-hidden size={16} />
          </button>
        </GrantRow>
      ))}
      <button type="button" onClick={() => change([...grants, FIRST])}>
        <Plus aria-hidden size={15} /> {words.addRole}
      </button>
    </fieldset>
  );
}

function GrantRow({
  grant,
  number,
  set,
  children,
}: {
  readonly grant: GrantDraft;
  readonly number: number;
  readonly set: (part: Partial<GrantDraft>) => void;
  readonly children: ReactNode;
}) {
  const words = useWords(WORDS);
  const shared = useShared();
  const isOpen = { tenant: true, project: grant.tenant !== '', device: grant.project !== '' };
  return (
    <div className="grant">
      <div className="grant-fields">
        <select
          aria-label={`${words.role} ${number}`}
          value={grant.role}
          onChange={(event) => set({ role: ROLES.find((role) => role === event.target.value) ?? 'viewer' })}
        >
          {ROLES.map((role) => (
            <option key={role} value={role}>
              {shared.roles[role]}
            </option>
          ))}
        </select>
        {(['tenant', 'project', 'device'] as const).map((part) => (
          <input
            key={part}
            aria-label={`${words[part]} ${number}`}
            placeholder={`${words[part]}: ${words.all}`}
            value={grant[part]}
            disabled={!isOpen[part]}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => set({ [part]: event.target.value })}
          />
        ))}
        {children}
      </div>
      <p className="small quiet">{words.rolesHint[grant.role]}</p>
    </div>
  );
}

/** Roles as a list, each with where it holds. */
export function GrantList({ grants }: { readonly grants: readonly Grant[] }) {
  const words = useWords(WORDS);
  const shared = useShared();
  if (grants.length === 0) return <span className="quiet">{shared.none}</span>;
  return (
    <ul className="plain">
      {grants.map((grant) => (
        <li key={JSON.stringify(grant)}>
          {shared.roles[grant.role]}{' '}
          <span className="quiet small">{scopeText(grant) || words.everywhere}</span>
        </li>
      ))}
    </ul>
  );
}
