import { useSession } from '../../../frame/session.tsx';
import { LettersCard } from './letters-card.tsx';
import { PartitionsCard } from './partitions-card.tsx';
import { RolesCard } from './roles-card.tsx';
import { SinksCard } from './sinks-card.tsx';
import './site.css';
import { SourcesCard } from './sources-card.tsx';

/** The processes of the site and what lies between them, for those who see all of it; dead letters for whoever sees some. */
export function SiteCards() {
  const { mayDo, who } = useSession();
  // processes are of no tenant
  const seesAll = mayDo('platform:read') && (who?.grants.some(({ tenant }) => tenant === undefined) ?? true);
  return (
    <>
      {seesAll && (
        <>
          <RolesCard />
          <PartitionsCard />
          <SinksCard />
          <SourcesCard />
        </>
      )}
      {mayDo('dead-letters:read') && <LettersCard />}
    </>
  );
}
