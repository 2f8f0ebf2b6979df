import { formatCount } from '../format.ts';
import { pathOf } from '../route.ts';
import { useShared } from '../words/shared.ts';
import { Link } from './parts.tsx';

/** The accounts a record may stand in, in the order in which they are told. */
export const VERDICTS = [
  'stored',
  'deduplicated',
  'filtered',
  'deadLettered',
  'discarded',
  'expired',
  'pending',
] as const;

/** Accounts of the ledger, whichever of them are known. */
export type KnownAccounts = Partial<Readonly<Record<'received' | (typeof VERDICTS)[number], number>>>;

/** The accounts of a ledger beside each other. */
export function AccountList({ accounts }: { readonly accounts: KnownAccounts }) {
  const words = useShared();
  return (
    <dl className="ledger">
      {accounts.received !== undefined && (
        <div className="ledger-sum">
          <dt>{words.accounts.received}</dt>
          <dd>{formatCount(accounts.received)}</dd>
        </div>
      )}
      {VERDICTS.map((account) => {
        const value = accounts[account];
        if (value === undefined) return null;
        return (
          <div key={account} className={value === 0 ? 'ledger-zero' : undefined}>
            <dt>
              {account === 'deadLettered' && value > 0 ? (
                <Link to={pathOf('dead-letters')}>{words.accounts[account]}</Link>
              ) : (
                words.accounts[account]
              )}
            </dt>
            <dd>{formatCount(value)}</dd>
          </div>
        );
      })}
    </dl>
  );
}
