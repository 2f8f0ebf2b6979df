import { formatBytes, millisOf } from '../../format.ts';
import { getConfig, type Overview, type OverviewSample } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { Card, Fact } from '../../parts/parts.tsx';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { growthPerMs, retentionOf } from './forecast.ts';
import { zh } from './zh.ts';

const DAY_MS = 86_400_000;

/** What is on the disk, and when it will be full, in words. */
export function DiskCard({
  overview,
  samples,
}: {
  readonly overview: Overview;
  readonly samples: readonly OverviewSample[];
}) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const { journalBytes, journalBytesMax, storeBytes } = overview;
  const share = journalBytesMax > 0 ? journalBytes / journalBytesMax : 0;
  const { data } = useFetched('config', getConfig);
  const retentionMs = retentionOf(data?.values);
  return (
    <Card title={words.storage}>
      <dl className="facts">
        <Fact name={words.journal}>
          {words.used(formatBytes(journalBytes), formatBytes(journalBytesMax))}
          <progress max={1} value={share} aria-label={words.journal} />
        </Fact>
        <Fact name={words.store}>{formatBytes(storeBytes)}</Fact>
        <Fact name={words.forecast}>
          <Forecast overview={overview} samples={samples} />
        </Fact>
        {retentionMs !== undefined && (
          <Fact name={words.retention}>{words.retentionWords(format.span(retentionMs))}</Fact>
        )}
        <Fact name={words.version}>{overview.version}</Fact>
        <Fact name={words.started}>{format.zonedMoment(millisOf(overview.started))}</Fact>
      </dl>
    </Card>
  );
}

function Forecast({
  overview,
  samples,
}: {
  readonly overview: Overview;
  readonly samples: readonly OverviewSample[];
}) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const journal = growthPerMs(samples, (sample) => sample.journalBytes);
  const store = growthPerMs(samples, (sample) => sample.storeBytes);
  if (journal === undefined) return words.forecastUnknown;
  const leftMs = journal > 0 ? (overview.journalBytesMax - overview.journalBytes) / journal : undefined;
  return (
    <>
      {leftMs === undefined ? words.forecastSteady : words.forecastFull(format.span(Math.max(0, leftMs)))}
      {store !== undefined && store > 0 && ` ${words.growth(formatBytes(store * DAY_MS))}`}
    </>
  );
}
