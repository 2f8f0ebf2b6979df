import { formatCount } from '../../format.ts';
import type { PipelineStage } from '../../generated/client.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { zh } from './zh.ts';

const WORDS = { en, zh };

/** The stages of a pipeline as boxes with arrows, each with what came in, went on, was taken out and was set aside. */
export function StagePicture({ stages }: { readonly stages: readonly PipelineStage[] }) {
  return (
    <ol className="flow">
      {stages.map((stage) => (
        <StageBox key={stage.name} stage={stage} />
      ))}
    </ol>
  );
}

function StageBox({ stage }: { readonly stage: PipelineStage }) {
  const words = useWords(WORDS);
  const types: Readonly<Record<string, string>> = words.types;
  const figures = [
    [words.in, stage.in, ''],
    [words.out, stage.out, ''],
    [words.filtered, stage.takenOut, 'flow-taken'],
    [words.setAside, stage.deadLettered, 'flow-bad'],
    ...(stage.type === 'Aggregate'
      ? ([
          [words.results, stage.results, ''],
          [words.late, stage.late, 'flow-taken'],
        ] as const)
      : []),
  ] as const;
  return (
    <li className="flow-box">
      <p className="flow-name">
        {stage.name} <span className="badge">{types[stage.type] ?? stage.type}</span>
      </p>
      <dl className="flow-figures">
        {figures.map(([name, value, tone]) => (
          <div key={name} className={value > 0 ? tone : 'flow-zero'}>
            <dt>{name}</dt>
            <dd>{formatCount(value)}</dd>
          </div>
        ))}
      </dl>
      {stage.type === 'Aggregate' && (
        <p className="small quiet">{words.windows(stage.windows, stage.groups)}</p>
      )}
    </li>
  );
}
