import type { StagesDocument } from '@skerry/model';
import { LIMITS } from '../limits.ts';
import type { DeclaredDocument } from './declared-document.ts';
import { type DocumentPlace, documentKey } from './document-key.ts';

/** Why a document finds no room beside those in force: on the node, or in its tenant's share. Undefined when it does. */
export function refuseBeyond(
  place: DocumentPlace,
  document: StagesDocument,
  all: Iterable<DeclaredDocument>,
): string | undefined {
  const key = documentKey(place);
  const { tenant } = place.scope;
  const others = [...all].filter((one) => one.document && one.key !== key);
  const own = others.filter(({ scope }) => scope.tenant === tenant);
  const size = JSON.stringify(document).length;
  const sizeWith = (some: readonly DeclaredDocument[]) => some.reduce((sum, one) => sum + one.size, size);
  const { pipelinesMax, documentsBytesMax, tenantPipelinesMax, tenantDocumentsBytesMax } = LIMITS;
  const keyBytes = Buffer.byteLength(key);
  if (keyBytes > LIMITS.documentKeyBytesMax.value)
    return `Kind, tenant, project and name have ${keyBytes} bytes, tenant and project percent-encoded; at most ${LIMITS.documentKeyBytesMax.value} are kept.`;
  if (tenant !== undefined && own.length >= tenantPipelinesMax.value)
    return `${own.length} documents of the tenant ${tenant} are in force; at most ${tenantPipelinesMax.value} are.`;
  if (tenant !== undefined && sizeWith(own) > tenantDocumentsBytesMax.value)
    return `The documents of the tenant ${tenant} would have ${sizeWith(own)} characters; at most ${tenantDocumentsBytesMax.value} are kept in force.`;
  if (others.length >= pipelinesMax.value)
    return `${others.length} documents are in force; at most ${pipelinesMax.value} are.`;
  if (sizeWith(others) > documentsBytesMax.value)
    return `All documents would have ${sizeWith(others)} characters; at most ${documentsBytesMax.value} are kept in force.`;
  return undefined;
}

/**
 * Forgets versions while all histories together are larger than their limit, and tells which removed documents are to be
 * forgotten as a whole while there are too many: always of the tenant that has most, its oldest first.
 */
export function trimHistories(all: Iterable<DeclaredDocument>): DeclaredDocument[] {
  const documents = [...all];
  let total = documents.reduce((sum, { historySize }) => sum + historySize, 0);
  while (total > LIMITS.historiesBytesMax.value) {
    const largest = ofLargest(documents, ({ historySize }) => historySize);
    const [oldest] = largest.filter(({ historySize }) => historySize > 0).sort(byOldestVersion);
    if (!oldest) break;
    total -= oldest.historySize;
    oldest.forgetOldest();
    total += oldest.historySize;
  }
  let removed = documents.filter(({ document }) => document === undefined);
  const forgotten: DeclaredDocument[] = [];
  while (removed.length > LIMITS.removedMax.value) {
    const [oldest] = ofLargest(removed, () => 1).sort((a, b) => offsetOf(a) - offsetOf(b));
    if (!oldest) break;
    forgotten.push(oldest);
    removed = removed.filter((one) => one !== oldest);
  }
  return forgotten;
}

/** The documents of the tenant that has most of something. */
function ofLargest(
  documents: readonly DeclaredDocument[],
  amountOf: (one: DeclaredDocument) => number,
): DeclaredDocument[] {
  const tenants = [...Map.groupBy(documents, ({ scope }) => scope.tenant ?? '')];
  const amounts = tenants.map(([tenant, own]) => ({
    tenant,
    own,
    amount: own.reduce((sum, one) => sum + amountOf(one), 0),
  }));
  // the same at a replay of the journal, whatever the order of the documents
  amounts.sort((a, b) => b.amount - a.amount || (a.tenant < b.tenant ? -1 : 1));
  return amounts[0]?.own ?? [];
}

function byOldestVersion(a: DeclaredDocument, b: DeclaredDocument): number {
  return Number(a.versions[0]?.offset) - Number(b.versions[0]?.offset);
}

function offsetOf({ newest }: DeclaredDocument): number {
  return newest?.offset ?? -1;
}
