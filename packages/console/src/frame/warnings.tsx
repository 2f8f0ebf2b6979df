import { millisOf } from '../format.ts';
import { useLiveState } from '../live/live-stream.ts';
import { useOverview } from '../live/overview-feed.tsx';
import { useServerNow } from '../live/server-clock.ts';
import { Link } from '../parts/parts.tsx';
import { pathOf } from '../route.ts';
import { useFormat } from '../use-format.ts';
import { useShared } from '../words/shared.ts';

/** The alarms of the page: a ledger that does not balance, and figures that are not current. */
export function Warnings() {
  const { overview } = useOverview();
  const words = useShared();
  return (
    <div className="warnings">
      <Staleness />
      {overview?.ledger.balanced === false && (
        <p className="notice notice-bad" role="alert">
          {words.unbalanced} <Link to={pathOf('ledger')}>{words.unbalancedShow}</Link>
        </p>
      )}
    </div>
  );
}

/** Says when what is shown cannot be trusted to be current. */
function Staleness() {
  const state = useLiveState();
  const now = useServerNow();
  const format = useFormat();
  const words = useShared();
  const { overview } = useOverview();
  if (state === 'disconnected') {
    return (
      <p className="notice notice-warn" role="status">
        {words.connection.lost}
      </p>
    );
  }
  if (state !== 'stale') return null;
  return (
    <p className="notice notice-warn" role="status">
      {overview
        ? words.connection.lastFigures(format.ago(now - millisOf(overview.time)))
        : words.connection.noFigures}
    </p>
  );
}
