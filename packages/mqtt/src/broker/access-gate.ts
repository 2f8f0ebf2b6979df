import type { Meter } from '@skerry/kernel';
import type { Subject } from '@skerry/model';
import {
  type AccessRefusal,
  type BrokerAccess,
  type ConnectDenial,
  type ConnectRequest,
  isDenial,
} from '../access.ts';
import type { FaultNotices } from './fault-notices.ts';

/** Nobody in particular, who may do everything: for a broker without access. */
const ANYBODY: Subject = { kind: 'anonymous', name: 'anonymous', grants: [{ role: 'admin' }] };

/** Takes everybody and allows everything. */
export const OPEN_ACCESS: BrokerAccess = {
  authenticate: () => ANYBODY,
  mayPublish: () => true,
  maySubscribe: () => true,
};

/** What becomes of a CONNECT that waits for its verdict. */
export interface Asked {
  /** Nobody waits any more: `onVerdict` is not called after this. */
  abandon(): void;
}

/** What a gate works with. */
export interface GateNeeds {
  readonly access: BrokerAccess;
  readonly meter: Meter;
  readonly notices: FaultNotices;
  readonly onRefused: ((refusal: AccessRefusal) => void) | undefined;
}

/** A CONNECT that waits, with what was taken from whom meanwhile. */
interface Judging {
  readonly revocations: { readonly isEnded: (subject: Subject) => boolean; readonly why: string }[];
}

function stillStanding(verdict: Subject | ConnectDenial, { revocations }: Judging): Subject | ConnectDenial {
  if (isDenial(verdict)) return verdict;
  const revoked = revocations.find(({ isEnded }) => isEnded(verdict));
  return revoked ? { denied: 'not-authorized', why: revoked.why } : verdict;
}

/** Asks the access of the platform, and lets every refusal be seen: a counter, a line of the log, word to the platform. */
export class AccessGate {
  readonly access: BrokerAccess;
  readonly #needs: GateNeeds;
  readonly #judging = new Set<Judging>();

  constructor(needs: GateNeeds) {
    this.access = needs.access;
    this.#needs = needs;
  }

  /** Asks who is there; the verdict comes before this returns, or later. */
  ask(
    request: Omit<ConnectRequest, 'signal'>,
    onVerdict: (verdict: Subject | ConnectDenial) => void,
  ): Asked | undefined {
    const controller = new AbortController();
    const verdict = this.access.authenticate({ ...request, signal: controller.signal });
    if (!(verdict instanceof Promise)) {
      onVerdict(verdict);
      return undefined;
    }
    const judging: Judging = { revocations: [] };
    this.#judging.add(judging);
    const tell = (settled: Subject | ConnectDenial): void => {
      this.#judging.delete(judging);
      if (!controller.signal.aborted) onVerdict(stillStanding(settled, judging));
    };
    verdict.then(tell, (error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.#needs.notices.tell({ word: 'access-failed', remote: '', client: request.clientId, why });
      tell({ denied: 'access-unavailable', why: 'Access cannot be judged at the moment.' });
    });
    return {
      abandon: () => {
        this.#judging.delete(judging);
        controller.abort();
      },
    };
  }

  /** Rights were taken or changed: a verdict that comes later may be of before, and is none for these subjects. */
  revoke(isEnded: (subject: Subject) => boolean, why: string): void {
    for (const { revocations } of this.#judging) revocations.push({ isEnded, why });
  }

  /** Tells of a refusal everywhere it should be seen. */
  refused(refusal: AccessRefusal): void {
    const { meter, notices, onRefused } = this.#needs;
    const { kind, reason, client, remote, user, topic, why } = refusal;
    meter
      .counter('iot_mqtt_access_refused_total', 'What clients were not allowed to do.', { kind, reason })
      .add(1);
    notices.tell({ word: `${kind}-${reason}`, client, remote, why, user, ...(topic !== '' && { topic }) });
    onRefused?.(refusal);
  }
}
