import { useSession } from '../../frame/session.tsx';
import { Link, Refused, RoomHead } from '../../parts/parts.tsx';
import type { RoomProps } from '../../room.ts';
import { pathOf } from '../../route.ts';
import '../../styles/forms.css';
import { useWords } from '../../words/words.ts';
import './access.css';
import { CheckPage } from './check-page.tsx';
import { en } from './en.ts';
import { OwnPage } from './own-page.tsx';
import { TokensPage } from './tokens-page.tsx';
import { UsersPage } from './users-page.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const PAGES = ['users', 'tokens', 'me', 'check'] as const;
type Page = (typeof PAGES)[number];

/** Users and tokens for those who may see them; everybody's own sign-in; and who may do what. */
export function Content({ rest }: RoomProps) {
  const words = useWords(WORDS);
  const { mayDo } = useSession();
  const mayRead = mayDo('access:read');
  const shown = PAGES.filter((page) => mayRead || page === 'me' || page === 'check');
  const page = PAGES.find((one) => one === rest[0]) ?? (mayRead ? 'users' : 'me');
  return (
    <>
      <RoomHead title={words.title} />
      <nav aria-label={words.title}>
        <ul className="tabs">
          {shown.map((one) => (
            <li key={one}>
              <Link to={pathOf('access', one)} current={one === page}>
                {words.pages[one]}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      {shown.includes(page) ? <PageOf page={page} /> : <Refused />}
    </>
  );
}

function PageOf({ page }: { readonly page: Page }) {
  switch (page) {
    case 'users':
      return <UsersPage />;
    case 'tokens':
      return <TokensPage />;
    case 'me':
      return <OwnPage />;
    case 'check':
      return <CheckPage />;
  }
}
