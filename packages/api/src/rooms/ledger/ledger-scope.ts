import { covers, emptyAccounts, imbalanceOf, type LedgerReport, type Scope } from '@skerry/model';

/** The ledger of the projects that lie in one of the scopes; all of it without scopes. A device has no ledger of its own. */
export function ledgerWithin(report: LedgerReport, scopes: readonly Scope[] | undefined): LedgerReport {
  if (scopes === undefined) return report;
  const projects = report.projects.filter(({ tenant, project }) =>
    scopes.some((scope) => covers(scope, { tenant, project })),
  );
  const totals = emptyAccounts();
  for (const key of Object.keys(totals) as (keyof typeof totals)[]) {
    // the keys of a plain object of accounts
    for (const project of projects) totals[key] += project[key];
  }
  const imbalances = projects.flatMap((project) => {
    const off = imbalanceOf(project);
    return off === 0
      ? []
      : [`${project.tenant}/${project.project}: received differs from the sum of the accounts by ${off}`];
  });
  return { totals, balanced: imbalances.length === 0, projects, imbalances, journalPending: totals.pending };
}
