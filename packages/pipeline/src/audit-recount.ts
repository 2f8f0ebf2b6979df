import type { ReceivedCount } from '@skerry/journal';
import { emptyAccounts, type LedgerAccounts } from '@skerry/model';
import type { DeviceAccount } from '@skerry/series';
import { noVerdicts, VERDICTS, type VerdictTotals } from './catalogue.ts';

/** Something that does not fit. `offset` is -1 where no single record is meant. */
export interface AuditFinding {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
  readonly offset: number;
  readonly detail: string;
}

interface ProjectRecount {
  readonly tenant: string;
  readonly project: string;
  /** Telemetry records that the journal holds, and those of them at or above the store's position. */
  held: number;
  pending: number;
  readonly devices: Map<string, VerdictTotals>;
}

/** Counts every record again and compares with what journal and store say of themselves. */
export class AuditRecount {
  readonly #projects = new Map<string, ProjectRecount>();

  /** A telemetry record is in the journal. */
  held(tenant: string, project: string, isPending: boolean): void {
    const counts = this.#project(tenant, project);
    counts.held++;
    if (isPending) counts.pending++;
  }

  /** A record has this verdict in the account of this device. */
  verdict(tenant: string, project: string, device: string, verdict: keyof VerdictTotals): void {
    const { devices } = this.#project(tenant, project);
    let totals = devices.get(device);
    if (!totals) {
      totals = noVerdicts();
      devices.set(device, totals);
    }
    totals[verdict]++;
  }

  /** Received totals against what the journal holds and was check-pointed before. */
  compareReceived(before: readonly ReceivedCount[], received: readonly ReceivedCount[]): AuditFinding[] {
    const wanted = new Map<string, number>();
    for (const { tenant, project, received: count } of before) wanted.set(keyOf(tenant, project), count);
    const told = new Map(received.map((one) => [keyOf(one.tenant, one.project), one]));
    const findings: AuditFinding[] = [];
    for (const key of new Set([...this.#projects.keys(), ...wanted.keys(), ...told.keys()])) {
      const [tenant = '', project = ''] = key.split('\u0000');
      const held = this.#projects.get(key)?.held ?? 0;
      const earlier = wanted.get(key) ?? 0;
      const total = told.get(key)?.received ?? 0;
      if (held + earlier === total) continue;
      const detail = `The journal counted ${total} received records; it holds ${held} and had removed ${earlier}.`;
      findings.push({ tenant, project, device: '', offset: -1, detail });
    }
    return findings;
  }

  /** Accounts against the recount: equal when every record was recounted, else not below it. */
  compareAccounts(accounts: readonly DeviceAccount[], isComplete: boolean): AuditFinding[] {
    const findings: AuditFinding[] = [];
    const told = new Map(
      accounts.map((one) => [`${keyOf(one.tenant, one.project)}\u0000${one.device}`, one]),
    );
    for (const { tenant, project, devices } of this.#projects.values()) {
      for (const device of devices.keys()) {
        const key = `${keyOf(tenant, project)}\u0000${device}`;
        if (!told.has(key))
          told.set(key, {
            tenant,
            project,
            device,
            ...noVerdicts(),
            timeCorrected: 0,
            seqResets: 0,
            lastSeenMicros: 0,
          });
      }
    }
    for (const account of told.values()) {
      const { tenant, project, device } = account;
      const counted = this.#projects.get(keyOf(tenant, project))?.devices.get(device) ?? noVerdicts();
      for (const verdict of VERDICTS) {
        const isWrong = isComplete
          ? account[verdict] !== counted[verdict]
          : account[verdict] < counted[verdict];
        if (!isWrong) continue;
        const detail = `The account ${verdict} says ${account[verdict]} records; ${counted[verdict]} were recounted.`;
        findings.push({ tenant, project, device, offset: -1, detail });
      }
    }
    return findings;
  }

  /** Received against verdicts and pending, per project. */
  compareLedger(received: readonly ReceivedCount[], accounts: readonly DeviceAccount[]): AuditFinding[] {
    const verdicts = new Map<string, number>();
    for (const account of accounts) {
      const key = keyOf(account.tenant, account.project);
      verdicts.set(
        key,
        VERDICTS.reduce((sum, one) => sum + account[one], verdicts.get(key) ?? 0),
      );
    }
    return received.flatMap(({ tenant, project, received: total }) => {
      const given = verdicts.get(keyOf(tenant, project)) ?? 0;
      const pending = this.#projects.get(keyOf(tenant, project))?.pending ?? 0;
      if (total === given + pending) return [];
      const detail = `${total} records were received, ${given} have a verdict and ${pending} are pending: a difference of ${total - given - pending}.`;
      return [{ tenant, project, device: '', offset: -1, detail }];
    });
  }

  /** The sums over all projects. */
  totals(received: readonly ReceivedCount[], accounts: readonly DeviceAccount[]): LedgerAccounts {
    const totals = emptyAccounts();
    for (const one of received) totals.received += one.received;
    for (const account of accounts) for (const verdict of VERDICTS) totals[verdict] += account[verdict];
    for (const one of this.#projects.values()) totals.pending += one.pending;
    return totals;
  }

  #project(tenant: string, project: string): ProjectRecount {
    const key = keyOf(tenant, project);
    let counts = this.#projects.get(key);
    if (!counts) {
      counts = { tenant, project, held: 0, pending: 0, devices: new Map() };
      this.#projects.set(key, counts);
    }
    return counts;
  }
}

function keyOf(tenant: string, project: string): string {
  return `${tenant}\u0000${project}`;
}
