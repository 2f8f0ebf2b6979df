import { listSimulations } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { Outcome, useTold } from '../../parts/outcome.tsx';
import { Card, Failed, Loading, RoomHead } from '../../parts/parts.tsx';
import '../../styles/forms.css';
import { useWords } from '../../words/words.ts';
import { Chaos } from './chaos/chaos-card.tsx';
import { en } from './en.ts';
import { RunningSimulation } from './running-simulation.tsx';
import './simulation.css';
import { StartForm } from './start-form.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const ASK_MS = 2_000;

/** Worlds that can be started, and those that run. */
export function Content() {
  const words = useWords(WORDS);
  const { data, error, reload } = useFetched('simulations', listSimulations, ASK_MS);
  const [outcome, tell] = useTold();
  const told = (sentence: string) => {
    tell(sentence);
    reload();
  };
  const isFull = data !== undefined && data.items.length >= data.most;
  return (
    <>
      <RoomHead title={words.title} />
      <p className="lead">{words.lead}</p>
      {error && !data && <Failed error={error} retry={reload} />}
      <Card title={words.running} aside={data && words.slots(data.items.length, data.most)}>
        <Outcome told={outcome} />
        {!data && !error && <Loading rows={2} />}
        {data?.items.length === 0 && <p className="quiet">{words.none}</p>}
        {data && data.items.length > 0 && (
          <ul className="plain simulations">
            {data.items.map((simulation) => (
              <RunningSimulation key={simulation.id} simulation={simulation} told={told} />
            ))}
          </ul>
        )}
      </Card>
      <Card title={words.start}>
        {isFull && <p className="notice">{words.full(data.most)}</p>}
        {!isFull && <StartForm started={() => told(words.begun)} />}
      </Card>
      <Chaos />
    </>
  );
}
