import { type Format, formatBytes, millisOf } from '../../format.ts';
import { getConfig, type Overview, type OverviewSample } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { Card, Fact } from '../../parts/parts.tsx';
import { useFormat } from '../../use-format.ts';
import { useWords } from '../../words/words.ts';
import { en, type OverviewWords } from './en.ts';
import { diskFullIn, growthPerMs, retentionOf } from './forecast.ts';
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
  const { journalBytes, journalBytesMax, storeBytes, diskFreeBytes } = overview;
  const share = journalBytesMax > 0 ? journalBytes / journalBytesMax : 0;
  const { data } = useFetched('config', getConfig);
  const retentionMs = retentionOf(data?.values);
  return (
    <Card title={words.storage}>
      <dl className="facts">
        <Fact name={words.journal}>
          {journalBytesMax > 0 ? (
            <>
              {words.used(formatBytes(journalBytes), formatBytes(journalBytesMax))}
              <progress max={1} value={share} aria-label={words.journal} />
            </>
          ) : (
            words.inKafka(formatBytes(journalBytes))
          )}
        </Fact>
        <Fact name={words.store}>{formatBytes(storeBytes)}</Fact>
        {diskFreeBytes !== null && (
          <Fact name={words.free}>{words.freeWords(formatBytes(diskFreeBytes))}</Fact>
        )}
        <Fact name={words.forecast}>
          <Forecast overview={overview} samples={samples} retentionMs={retentionMs} />
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
  retentionMs,
}: {
  readonly overview: Overview;
  readonly samples: readonly OverviewSample[];
  readonly retentionMs: number | undefined;
}) {
  const words = useWords({ en, zh });
  const format = useFormat();
  const isHere = overview.journalBytesMax > 0;
  const journal = isHere ? growthPerMs(samples, (sample) => sample.journalBytes) : 0;
  const store = growthPerMs(samples, (sample) => sample.storeBytes);
  if (journal === undefined || store === undefined) return words.forecastUnknown;
  const journalRoomBytes = Math.max(0, overview.journalBytesMax - overview.journalBytes);
  const lines = [
    ...(isHere
      ? [journal > 0 ? words.forecastFull(format.span(journalRoomBytes / journal)) : words.forecastSteady]
      : []),
    ...(store > 0 ? [growthWords(store, retentionMs, words, format)] : []),
  ];
  if (overview.diskFreeBytes !== null) {
    const load = { journalRoomBytes, journalPerMs: journal, storePerMs: store, retentionMs };
    const fullMs = diskFullIn({ ...load, freeBytes: overview.diskFreeBytes });
    lines.unshift(fullMs === undefined ? words.diskLasts : words.diskFull(format.span(fullMs)));
  }
  return lines.map((line) => <p key={line}>{line}</p>);
}

function growthWords(
  perMs: number,
  retentionMs: number | undefined,
  words: OverviewWords,
  format: Format,
): string {
  const daily = formatBytes(perMs * DAY_MS);
  if (retentionMs === undefined) return words.growth(daily);
  return words.growthKept(daily, formatBytes(perMs * retentionMs), format.span(retentionMs));
}
