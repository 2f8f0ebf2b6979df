import { count, flag, list, number, object, oneOfWords, ref, text } from '../../schema-kit.ts';
import { accounts, deviceKey, nextCursor } from '../parts.ts';

/** What this room takes and answers. */
export const LEDGER_SCHEMAS = {
  Accounts: object('The accounts of the ledger, in records.', accounts),
  ProjectLedger: object('The ledger of one project.', {
    tenant: text('Tenant id.'),
    project: text('Project id.'),
    ...accounts,
    receivedQos0: count('Records of QoS 0, inside `received`.'),
  }),
  Ledger: object('The running account of every record.', {
    totals: ref('Accounts'),
    balanced: flag('Whether received equals the sum of the other accounts, everywhere.'),
    projects: list(ref('ProjectLedger')),
    imbalances: list(text('What does not balance, with the figures.')),
    journalPending: count(
      'Pending records by the count of the journal itself; over roles, at most so many lie in gateways and in Kafka.',
    ),
    notes: list(
      object('Something that makes the account less sure than it could be.', {
        code: oneOfWords(
          '`gateway-ahead`: records have a verdict before their gateway told of them; `gateway-untold`: a gateway tells nothing of what it receives; `gateway-silent`: records lie in the data folder of a gateway that tells nothing any more; `foreign-records`: another producer put them into Kafka; `kafka-silent`: what Kafka holds is not known.',
          ['gateway-ahead', 'gateway-untold', 'gateway-silent', 'foreign-records', 'kafka-silent'],
        ),
        subject: text('Gateway, or its journal, that it is about; empty where it is about none.'),
        records: count('Records that it is about; 0 where that is not known.'),
        detail: text('The whole of it in words.'),
      }),
    ),
  }),
  AuditReport: object('The outcome of a recount.', {
    balanced: flag('Whether the recount agrees with the ledger.'),
    fromOffset: count('First journal offset recounted.'),
    toOffset: count('End of the recount.'),
    records: count('Records recounted.'),
    totals: ref('Accounts'),
    findings: list(
      object('One thing found wrong.', {
        ...deviceKey,
        offset: number('Journal offset, -1 where no single record is meant.'),
        detail: text('What is wrong.'),
      }),
    ),
    findingsLeftOut: count('Findings beyond those listed.'),
  }),
  Gap: object('Missing numbers of a device; bounds are inclusive.', {
    ...deviceKey,
    epoch: text('Epoch of the numbering.'),
    from: count('First missing number.'),
    to: count('Last missing number.'),
  }),
  GapPage: object('Gaps by device.', { items: list(ref('Gap')), cursor: nextCursor }),
} as const;
