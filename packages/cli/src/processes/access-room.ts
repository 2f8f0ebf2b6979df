import { join } from 'node:path';
import { type Access, AccessError, MemoryAccessStore, openAccess } from '@skerry/access';
import { nodeScrypt } from '@skerry/access/node';
import { openSqliteStore } from '@skerry/access/sqlite';
import type { Clock, Logger, Meter, Random } from '@skerry/kernel';
import { nodeDisk } from '@skerry/kernel/node';

/** What the access of a process works with. */
export interface AccessRoomNeeds {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly meter: Meter;
}

/** How the access of a data folder is opened. */
export interface AccessRoomOptions {
  readonly dataDir: string;
  readonly localToken: string;
  /** Nothing is taken in: where users cannot be read, only the token of the data folder lets anybody in. */
  readonly isReadOnly: boolean;
  /** Told the name of a subject whose rights were changed or taken. */
  readonly onChanged: (subject: string) => void;
}

/** Folder of the audit log inside a data folder. */
export function auditFolderOf(dataDir: string): string {
  return join(dataDir, 'audit');
}

/** Opens `access.db` and the audit log of a data folder. */
export async function openAccessRoom(options: AccessRoomOptions, needs: AccessRoomNeeds): Promise<Access> {
  const { dataDir, localToken, onChanged } = options;
  return await openAccess(
    { audit: { folder: auditFolderOf(dataDir) }, localToken, onChanged },
    { ...needs, store: storeOf(options, needs.logger), disk: nodeDisk(), hasher: nodeScrypt },
  );
}

function storeOf({ dataDir, isReadOnly }: AccessRoomOptions, logger: Logger) {
  try {
    return openSqliteStore(join(dataDir, 'access.db'));
  } catch (fault) {
    if (!isReadOnly || !(fault instanceof AccessError)) throw fault;
    logger.log('warn', 'users cannot be read: only the token of the data folder lets anybody in', {
      error: fault.message,
    });
    return new MemoryAccessStore();
  }
}
