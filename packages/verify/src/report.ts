/** The words of the verifier. All but `refused-but-stored` must be absent for a report to be clean. */
export const VERDICTS = [
  'lost',
  'phantom',
  'corrupt',
  'dup-store',
  'dup-resend',
  'order',
  'refused-but-stored',
  'stuck',
  'damaged',
] as const;

/** One of the words of the verifier. */
export type VerdictName = (typeof VERDICTS)[number];

/** What each word means, for people. */
export const VERDICT_MEANINGS: Readonly<Record<VerdictName, string>> = {
  lost: 'acknowledged, and neither stored nor set aside',
  phantom: 'stored or journalled, and never sent',
  corrupt: 'not as it was sent',
  'dup-store': 'one record stored more than once',
  'dup-resend': 'one message with an id of its own stored under more than one offset',
  order: 'stored in another order than it was sent in',
  'refused-but-stored': 'refused by the answer, yet stored (told, not judged)',
  stuck: 'neither acknowledged nor refused',
  damaged: 'a file is not as its format says',
};

/** One finding, with as much of its place as is known. */
export interface Finding {
  readonly verdict: VerdictName;
  /** `tenant/project/device`. */
  readonly device?: string;
  readonly epoch?: number;
  readonly seq?: number;
  /** Offset in the journal. */
  readonly offset?: number;
  readonly detail: string;
}

/** All findings of one verdict: how many there are, and the first of them. */
export interface VerdictFindings {
  readonly count: number;
  readonly findings: readonly Finding[];
}

/** What the sender's side says. */
export interface SentFigures {
  readonly devices: number;
  readonly sent: number;
  readonly sentAgain: number;
  readonly acked: number;
  /** Refused and never accepted afterwards. */
  readonly refused: number;
  readonly unanswered: number;
}

/** What the platform's side says; `undefined` where there is none. */
export interface KeptFigures {
  readonly journal:
    | {
        readonly journalId: string;
        readonly start: number;
        readonly end: number;
        readonly segments: number;
        readonly tornBytes: number;
        /** Records of the senders that the journal still holds. */
        readonly records: number;
        /** Of these, those of messages that it holds more than once. */
        readonly wireDuplicates: number;
      }
    | undefined;
  readonly store:
    | {
        readonly position: number;
        readonly seal: number;
        readonly files: number;
        /** Records of the senders. */
        readonly records: number;
        readonly deadLetters: number;
      }
    | undefined;
  /** Acknowledged messages that are in the journal behind the store's position: not lost, not stored yet. */
  readonly pending: number;
}

/** The verifier's answer. */
export interface VerifyReport {
  /** True when no verdict that is judged has a finding. */
  readonly isClean: boolean;
  readonly sent: SentFigures;
  readonly kept: KeptFigures;
  readonly verdicts: Readonly<Record<VerdictName, VerdictFindings>>;
}

/** Gathers findings; keeps the first `findingsMax` of each verdict. */
export class FindingList {
  readonly #findingsMax: number;
  readonly #found = new Map<VerdictName, { count: number; findings: Finding[] }>();

  constructor(findingsMax: number) {
    this.#findingsMax = findingsMax;
  }

  /** Counts a finding and keeps it while there is room. */
  add(finding: Finding): void {
    const found = this.#found.get(finding.verdict) ?? { count: 0, findings: [] };
    this.#found.set(finding.verdict, found);
    found.count += 1;
    if (found.findings.length < this.#findingsMax) found.findings.push(finding);
  }

  /** Every verdict, those without findings included. */
  verdicts(): Record<VerdictName, VerdictFindings> {
    const of = (name: VerdictName): VerdictFindings => this.#found.get(name) ?? { count: 0, findings: [] };
    return {
      lost: of('lost'),
      phantom: of('phantom'),
      corrupt: of('corrupt'),
      'dup-store': of('dup-store'),
      'dup-resend': of('dup-resend'),
      order: of('order'),
      'refused-but-stored': of('refused-but-stored'),
      stuck: of('stuck'),
      damaged: of('damaged'),
    };
  }
}

/** The report as text: figures, verdicts, findings; ends with a newline. */
export function formatReport({ isClean, sent, kept, verdicts }: VerifyReport): string {
  const { journal, store } = kept;
  const lines = [
    `sender   ${sent.devices} devices, ${sent.sent} messages sent, ${sent.sentAgain} sent again, ${sent.acked} acknowledged, ${sent.refused} refused, ${sent.unanswered} unanswered`,
    journal
      ? `journal  offsets ${journal.start} to ${journal.end} in ${journal.segments} segments, ${journal.records} records of the senders, ${journal.wireDuplicates} wire duplicates, ${journal.tornBytes} bytes torn off`
      : 'journal  none',
    store
      ? `store    position ${store.position}, seal ${store.seal}, ${store.files} files, ${store.records} records of the senders, ${store.deadLetters} dead letters`
      : 'store    none',
    `pending  ${kept.pending}`,
    '',
  ];
  for (const name of VERDICTS) {
    const { count, findings } = verdicts[name];
    lines.push(
      `${name.padEnd(19)}${String(count).padStart(8)}${count > 0 ? `  ${VERDICT_MEANINGS[name]}` : ''}`,
    );
    for (const finding of findings) lines.push(`    ${formatFinding(finding)}`);
    if (count > findings.length) lines.push(`    and ${count - findings.length} more`);
  }
  lines.push('', isClean ? 'clean' : 'NOT clean');
  return `${lines.join('\n')}\n`;
}

function formatFinding({ device, epoch, seq, offset, detail }: Finding): string {
  const place = [
    device,
    epoch === undefined ? undefined : `epoch ${epoch}`,
    seq === undefined ? undefined : `seq ${seq}`,
    offset === undefined ? undefined : `offset ${offset}`,
  ].filter((part) => part !== undefined);
  return place.length > 0 ? `${place.join(' ')}: ${detail}` : detail;
}
