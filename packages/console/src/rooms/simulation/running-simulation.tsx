import RotateCcw from 'lucide-react/icons/rotate-ccw';
import Square from 'lucide-react/icons/square';
import { useState } from 'react';
import { formatCount, millisOf } from '../../format.ts';
import { restartSimulation, type Simulation, stopSimulation } from '../../generated/client.ts';
import { useServerNow } from '../../live/server-clock.ts';
import { Link } from '../../parts/parts.tsx';
import { Question } from '../../parts/question.tsx';
import { pathOf, withQuery } from '../../route.ts';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };
/** The simulation that the server begins by itself. */
const DEMO_ID = 'demo';

/** One world that runs, with what it has published. */
export function RunningSimulation({
  simulation,
  told,
}: {
  readonly simulation: Simulation;
  readonly told: (sentence: string) => void;
}) {
  const words = useWords(WORDS);
  const format = useFormat();
  const now = useServerNow();
  const [act, setAct] = useState<'again' | 'stop' | undefined>(undefined);
  const { id, world, devices, rate, seed, tenant, project, author, started, fault } = simulation;
  const name = `${words.worlds[world]} ${tenant} / ${project}`;
  return (
    <li className="simulation">
      <div className="simulation-facts">
        <h3>
          {words.worlds[world]} <span className="quiet">{`${tenant} / ${project}`}</span>
        </h3>
        <p className="small">{words.facts(devices, rate, String(seed))}</p>
        <p className="small quiet">
          {words.started(author, format.ago(now - millisOf(started)), id === DEMO_ID)}
        </p>
        {fault !== null && <p className="bad">{words.fault(fault)}</p>}
      </div>
      <dl className="simulation-counts">
        <div>
          <dt>{words.published}</dt>
          <dd className="figures">{formatCount(simulation.published)}</dd>
        </div>
        <div>
          <dt>{words.acked}</dt>
          <dd className="figures">{formatCount(simulation.acked)}</dd>
        </div>
      </dl>
      <div className="row">
        <Link to={withQuery(pathOf('devices'), { tenant, project })} className="button">
          {words.show}
        </Link>
        <button type="button" aria-label={`${words.again}: ${name}`} onClick={() => setAct('again')}>
          <RotateCcw aria-hidden size={15} /> {words.again}
        </button>
        <button
          type="button"
          className="danger"
          aria-label={`${words.stop}: ${name}`}
          onClick={() => setAct('stop')}
        >
          <Square aria-hidden size={14} /> {words.stop}
        </button>
      </div>
      {act && (
        <Question
          title={words.asks[act].title(name)}
          words={words.asks[act].words}
          act={words[act]}
          isDanger
          ask={() => (act === 'again' ? restartSimulation({ id }, {}) : stopSimulation({ id }))}
          done={() => {
            setAct(undefined);
            told(act === 'again' ? words.begun : words.stopped);
          }}
          close={() => setAct(undefined)}
        />
      )}
    </li>
  );
}
