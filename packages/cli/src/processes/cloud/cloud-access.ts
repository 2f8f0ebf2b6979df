import { type Access, AccessError, openAccess } from '@skerry/access';
import { nodeScrypt } from '@skerry/access/node';
import { openPostgresAccessStore, openPostgresAuditBook } from '@skerry/access/postgres';
import { openProbes, type Probes } from '@skerry/api/probes';
import { type Clock, createMeter, type Logger, type Meter, type Random } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';
import type { RoleReason } from '@skerry/model';
import type { SkerryConfig } from '../../config/schema.ts';
import { auditFolderOf } from '../access-room.ts';
import { httpListeners } from '../http-listeners.ts';
import { listening } from '../listening.ts';
import { sharedTablesOf } from '../postgres-way.ts';
import { ProcessFigures } from '../process-figures.ts';
import type { RoleOptions } from '../role.ts';

/** What the access of a cloud works with. */
export interface CloudAccessNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

const RETRY_MS = 1_000;

/**
 * Users, sessions and the audit log in PostgreSQL, so that all clouds of a site have the same. While they cannot be opened
 * it is tried again, and `/health`, `/ready` (with the reason) and `/metrics` answer where the API will. Undefined when
 * `signal` was aborted first.
 */
export async function openCloudAccess(
  config: SkerryConfig,
  localToken: string,
  needs: CloudAccessNeeds,
  { signal, stdout }: Pick<RoleOptions['context'], 'signal' | 'stdout'>,
): Promise<Access | undefined> {
  await using waiting = new AsyncDisposableStack();
  let reason: RoleReason | undefined;
  while (!signal.aborted) {
    if (reason) await needs.clock.sleep(RETRY_MS, signal);
    try {
      return await openOnce(config, localToken, needs);
    } catch (fault) {
      if (!(fault instanceof AccessError) || fault.advice !== 'retry') throw fault;
      if (reason?.detail !== fault.message)
        needs.logger.log('warn', 'Users are waited for', { reason: fault.message, code: fault.code });
      const isFirst = reason === undefined;
      reason = { code: fault.code, detail: fault.message };
      if (!isFirst) continue;
      const { host, port } = await answerMeanwhile(config, () => (reason ? [reason] : []), needs, waiting);
      stdout.write(
        `Skerry cloud waits for its users.\n  Health, readiness and metrics: http://${host}:${port}\n`,
      );
    }
  }
  return undefined;
}

async function answerMeanwhile(
  config: SkerryConfig,
  reasons: () => readonly RoleReason[],
  { clock, logger }: CloudAccessNeeds,
  stack: AsyncDisposableStack,
): Promise<Probes['address']> {
  const identity = { role: 'cloud', reasons, dataDir: config.dataDir } as const;
  const figures = stack.use(new ProcessFigures(identity, { clock, meter: createMeter() }));
  const probed = { readiness: reasons, metrics: () => figures.families([]) };
  const probes = await listening('http', () => openProbes(httpListeners(config, logger), probed));
  return stack.use(probes).address;
}

async function openOnce(config: SkerryConfig, localToken: string, needs: CloudAccessNeeds): Promise<Access> {
  const options = sharedTablesOf(config);
  await using stack = new AsyncDisposableStack();
  const store = stack.use(await openPostgresAccessStore(options));
  const audit = await openPostgresAuditBook(options, needs);
  stack.move(); // access disposes of both, when it fails too
  return await openAccess(
    { audit: { folder: auditFolderOf(config.dataDir) }, localToken },
    { ...needs, store, audit, disk: nodeDisk(), hasher: nodeScrypt },
  );
}
