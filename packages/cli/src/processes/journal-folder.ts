import { hasJournalId } from '@skerry/journal/segment';
import type { Disk } from '@skerry/kernel';
import type { SkerryConfig } from '../config/schema.ts';
import { CliError } from '../errors.ts';

/** Name of what is kept on disk beside a journal on Kafka, in the folder of the journal. */
export const KAFKA_MEMORY = 'kafka.json';

/** Fails with `config-invalid` when a folder began with a journal of the other engine: its records would be left behind. */
export function checkJournalFolder(
  disk: Disk,
  folder: string,
  engine: SkerryConfig['journal']['engine'],
): void {
  const isInFiles = hasJournalId(disk, folder);
  const isOnKafka = disk.stat(`${folder}/${KAFKA_MEMORY}`) !== undefined;
  if (engine === 'kafka' ? !isInFiles : isInFiles || !isOnKafka) return;
  const [there, other] = engine === 'kafka' ? ['a journal in files', 'segment'] : ['one in Kafka', 'kafka'];
  throw new CliError(
    'config-invalid',
    `journal.engine: found ${engine}, and ${folder} is of ${there}, wanted ${other}: a data folder keeps the engine that it began with. Set journal.engine back, or dataDir to a new folder.`,
  );
}
