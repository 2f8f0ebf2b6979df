import { useState } from 'react';
import { createToken, type TokenWithSecret } from '../../generated/client.ts';
import { serverNow } from '../../live/server-clock.ts';
import { useAct } from '../../parts/act.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { Field } from '../../parts/field.tsx';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { type GrantDraft, grantOf } from './grants.ts';
import { GrantsEditor } from './grants-editor.tsx';
import { DialogForm, Text } from './user-dialogs.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const EXPIRIES = ['week', 'quarter', 'year', 'never'] as const;
type Expiry = (typeof EXPIRIES)[number];

const DAY_MS = 86_400_000;
const DAYS: Readonly<Record<Exclude<Expiry, 'never'>, number>> = { week: 7, quarter: 90, year: 365 };
const VIEWER: GrantDraft = { role: 'viewer', tenant: '', project: '', device: '' };

/** Makes a token and shows its secret, this once. */
export function TokenDialog({ made, close }: { readonly made: () => void; readonly close: () => void }) {
  const words = useWords(WORDS);
  const act = useAct();
  const [name, setName] = useState('');
  const [expiry, setExpiry] = useState<Expiry>('quarter');
  const [grants, setGrants] = useState<readonly GrantDraft[]>([VIEWER]);
  const [token, setToken] = useState<TokenWithSecret | undefined>(undefined);
  const make = () =>
    act.run(
      () =>
        createToken({
          name: name.trim(),
          grants: grants.map(grantOf),
          expires: expiry === 'never' ? null : new Date(serverNow() + DAYS[expiry] * DAY_MS).toISOString(),
        }),
      (answer) => {
        setToken(answer);
        made();
      },
    );
  if (token) return <Secret token={token} close={close} />;
  return (
    <Dialog title={words.createToken} close={close} className="wide">
      <DialogForm act={act} name={words.createAct} close={close} submit={make}>
        <div className="field-row">
          <Field label={words.name} hint={words.nameHint}>
            {(ids) => <Text {...ids} value={name} change={setName} isRequired />}
          </Field>
          <Field label={words.expiry}>
            {(ids) => (
              <select
                {...ids}
                value={expiry}
                onChange={(event) =>
                  setExpiry(EXPIRIES.find((one) => one === event.target.value) ?? 'quarter')
                }
              >
                {EXPIRIES.map((one) => (
                  <option key={one} value={one}>
                    {words.expiries[one]}
                  </option>
                ))}
              </select>
            )}
          </Field>
        </div>
        <GrantsEditor grants={grants} change={setGrants} />
      </DialogForm>
    </Dialog>
  );
}

function Secret({ token, close }: { readonly token: TokenWithSecret; readonly close: () => void }) {
  const words = useWords(WORDS);
  return (
    <Dialog title={words.secretTitle} close={close} className="wide">
      <p>{words.secretWords}</p>
      <div className="command">
        <code>{token.secret}</code>
        <CopyButton text={token.secret} name={words.secret} />
      </div>
      <div className="dialog-actions">
        <button type="button" className="strong" onClick={close}>
          {words.done}
        </button>
      </div>
    </Dialog>
  );
}
