import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { VerifyError } from './errors.ts';
import { filesOfFolder, type JournalFiles, readJournal } from './journal-folder.ts';
import { judge } from './judge.ts';
import type { JournalContents } from './kept.ts';
import type { VerifyReport } from './report.ts';
import { KIND } from './segment-decoder.ts';
import { SentBook } from './sent-book.ts';
import { dayFilesOf, readStore } from './store-folder.ts';

/** What is compared with what. */
export interface VerifyOptions {
  /** Files of senders (docs/formats/sender-ledger.md), at least one. */
  readonly senderLedgers: readonly string[];
  /** The data folder of the platform; its journal and store are found inside. */
  readonly dataDir: string;
  /** Findings listed of each verdict; 100 when absent. */
  readonly findingsMax?: number;
}

/**
 * Compares senders' ledgers with the files of a data folder, by decoders of its own. The platform may run, but what
 * is not quiet is judged as it stands. Fails with `verify-unreadable` or `sender-ledger-invalid`; what is wrong with
 * the files of the platform is in the report.
 */
export async function verify(options: VerifyOptions): Promise<VerifyReport> {
  const sent = new SentBook();
  for (const path of options.senderLedgers) sent.addFile(path);
  const folders = findDataFolders(options.dataDir);
  const damage: string[] = [];
  const tell = (told: string): number => damage.push(told);
  if (folders.journal === undefined) tell('there is no journal');
  if (folders.store === undefined) tell('there is no store');
  // The store first: what it has committed is in the journal already, also while both grow.
  const store = folders.store === undefined ? undefined : readStore(folders.store, sent, tell);
  const journal =
    folders.journal === undefined ? undefined : journalContents(filesOfFolder(folders.journal), sent, tell);
  return judge({
    sent,
    store,
    journal,
    damage,
    ...(options.findingsMax === undefined ? {} : { findingsMax: options.findingsMax }),
  });
}

/** Where a data folder keeps its journal and its store; undefined what it does not have. Fails with `verify-unreadable`. */
export function findDataFolders(dataDir: string): {
  readonly journal: string | undefined;
  readonly store: string | undefined;
} {
  const folders = foldersOf(dataDir);
  const onKafka = folders.find((folder) => readdirSync(folder).includes('kafka.json'));
  if (onKafka !== undefined)
    throw new VerifyError(
      'verify-unreadable',
      `The journal of ${dataDir} is a topic of Kafka, which is not read here: found ${onKafka}/kafka.json, wanted segment files. \`skerry ledger --audit\` recounts it.`,
    );
  const stores = folders.filter((folder) => dayFilesOf(folder).length > 0);
  if (stores.length > 1)
    throw new VerifyError(
      'verify-unreadable',
      `Found ${stores.length} stores in ${dataDir} (${stores.join(', ')}), wanted one.`,
    );
  return { journal: folders.find((folder) => readdirSync(folder).includes('journal.id')), store: stores[0] };
}

/** The senders' records of a journal: everything under their topics, and all telemetry of their projects. */
export function journalContents(
  files: JournalFiles,
  sent: SentBook,
  onDamage: (message: string) => unknown,
): JournalContents {
  return {
    each: (onEntry) =>
      readJournal(
        files,
        (record) => {
          if (record.kind !== KIND.telemetry && record.kind !== KIND.misrouted) return;
          if (sent.ofTopic(record.topic) || sent.hasProject(record.tenant, record.project)) onEntry(record);
        },
        onDamage,
      ),
  };
}

/** The data folder and the folders in it, two levels deep. */
function foldersOf(dataDir: string): string[] {
  try {
    const inside = (folder: string): string[] =>
      readdirSync(folder, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => join(folder, entry.name));
    const first = inside(dataDir);
    return [dataDir, ...first, ...first.flatMap(inside)];
  } catch (cause) {
    throw new VerifyError(
      'verify-unreadable',
      `Reading ${dataDir} failed: ${String(cause)}.`,
      { dataDir },
      cause,
    );
  }
}
