import type { FailpointName } from '@skerry/kernel';
import { FAILPOINTS } from '@skerry/kernel';
import { formatReport, type VerdictName, type VerifyReport } from '@skerry/verify';

const JUDGED = [
  'lost',
  'phantom',
  'corrupt',
  'dup-store',
  'dup-resend',
  'order',
  'stuck',
  'damaged',
] as const satisfies readonly VerdictName[];
const FAILPOINT_VISITS = 5;

/** What a campaign has come to so far. */
export class Tally {
  readonly #counts = new Map<VerdictName, number>();
  readonly #visits = new Map<FailpointName, number>();
  readonly #say: (line: string) => void;
  kills = 0;
  cuts = 0;
  /** Kills while more than 1,000 messages were unacknowledged. */
  killsUnderLoad = 0;
  messages = 0;
  passed = 0;
  failed = 0;

  constructor(say: (line: string) => void) {
    this.#say = say;
  }

  /** A failpoint ended the server. */
  visited(name: FailpointName): void {
    this.#visits.set(name, this.visits(name) + 1);
  }

  /** How often a failpoint ended the server. */
  visits(name: FailpointName): number {
    return this.#visits.get(name) ?? 0;
  }

  /** Counts a comparison; says what it found. */
  add(report: VerifyReport): void {
    for (const name of JUDGED)
      this.#counts.set(name, (this.#counts.get(name) ?? 0) + report.verdicts[name].count);
    if (report.isClean) this.passed += 1;
    else {
      this.failed += 1;
      this.#say(formatReport(report));
    }
  }

  /** Counts something that went wrong beside the comparison. */
  fail(why: string): void {
    this.failed += 1;
    this.#say(why);
  }

  /**
   * Fails when failpoints had not their visits, though enough kills were planned for them, or though the campaign was
   * ended early: then nobody knows what it would have found.
   */
  checkVisits(plannedKills: number, isEarly = false): void {
    if (!isEarly && plannedKills < 2 * FAILPOINT_VISITS * FAILPOINTS.length) return;
    const missed = FAILPOINTS.filter((name) => this.visits(name) < FAILPOINT_VISITS);
    if (missed.length > 0)
      this.fail(
        `Visited fewer than ${FAILPOINT_VISITS} times: ${missed.map((name) => `${name} (${this.visits(name)})`).join(', ')}.`,
      );
    if (this.killsUnderLoad * 2 < this.kills)
      this.fail(
        `${this.killsUnderLoad} of ${this.kills} kills fell while more than 1,000 messages were unacknowledged; half were wanted.`,
      );
  }

  /** The last lines. */
  summary(): string {
    const visited = FAILPOINTS.map((name) => `${name} ${this.visits(name)}`).join(', ');
    const found = JUDGED.map(
      (name) => `${name === 'order' ? 'inversions' : name} ${this.#counts.get(name) ?? 0}`,
    );
    return [
      `failpoints: ${visited}`,
      `${this.messages} messages acknowledged; ${this.killsUnderLoad} of ${this.kills} kills while more than 1,000 were unacknowledged`,
      `${this.kills} kills, ${this.cuts} cuts: ${found.join(', ')}`,
      `${this.passed} passed, ${this.failed} failed`,
    ].join('\n');
  }
}
