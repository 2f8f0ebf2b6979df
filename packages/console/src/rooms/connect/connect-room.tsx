import Sparkles from 'lucide-react/icons/sparkles';
import { useState } from 'react';
import { useSession } from '../../frame/session.tsx';
import { getOnboarding, type Onboarding } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { Failed, Link, Loading, RoomHead } from '../../parts/parts.tsx';
import { type DeviceName, devicePath, pathOf } from '../../route.ts';
import '../../styles/forms.css';
import { useWords } from '../../words/words.ts';
import { ArrivalCard } from './arrival-card.tsx';
import { CommandCard } from './command-card.tsx';
import './connect.css';
import { DeviceChoiceCard, useDeviceChoice, type Way } from './device-choice.tsx';
import { en } from './en.ts';
import { ReachChoice, useReach } from './reach.tsx';
import { TokenCard } from './token-card.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** From nothing to a device whose first message is seen: which device, its token, a command, and what arrives. */
export function Content() {
  const words = useWords(WORDS);
  const { mayDo } = useSession();
  const choice = useDeviceChoice();
  return (
    <>
      <RoomHead title={words.title}>
        {mayDo('simulation:change') && (
          <Link to={pathOf('simulation')} className="button">
            <Sparkles aria-hidden size={15} /> {words.simulate}
          </Link>
        )}
      </RoomHead>
      <p className="lead">{words.lead}</p>
      {!choice && <Loading rows={6} />}
      {choice && (
        <div className="connect">
          <div className="connect-steps">
            <DeviceChoiceCard choice={choice} />
            {choice.settled && (
              <div className={`connect-steps ${choice.isSettled ? '' : 'stale'}`} inert={!choice.isSettled}>
                <Steps key={devicePath(choice.settled)} device={choice.settled} way={choice.way} />
              </div>
            )}
          </div>
          {choice.settled && (
            <div className={choice.isSettled ? '' : 'stale'} inert={!choice.isSettled}>
              <ArrivalCard
                key={devicePath(choice.settled)}
                device={choice.settled}
                another={choice.another}
              />
            </div>
          )}
        </div>
      )}
    </>
  );
}

function Steps({ device, way }: { readonly device: DeviceName; readonly way: Way }) {
  const [withToken, setWithToken] = useState<Onboarding | undefined>(undefined);
  const { data, error, reload } = useFetched(`onboarding ${devicePath(device)}`, (signal) =>
    getOnboarding(device, signal),
  );
  if (error && !data) return <Failed error={error} retry={reload} />;
  const onboarding = withToken ?? data;
  if (!onboarding) return <Loading rows={4} />;
  return <StepCards way={way} onboarding={onboarding} made={setWithToken} />;
}

function StepCards({
  way,
  onboarding,
  made,
}: {
  readonly way: Way;
  readonly onboarding: Onboarding;
  readonly made: (onboarding: Onboarding) => void;
}) {
  const reach = useReach(way, onboarding);
  return (
    <>
      <ReachChoice way={way} reach={reach} onboarding={onboarding} />
      <TokenCard way={way} reach={reach} onboarding={onboarding} made={made} />
      <CommandCard way={way} reach={reach} onboarding={onboarding} />
    </>
  );
}
