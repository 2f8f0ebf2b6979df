import type { DeviceGaps } from '@skerry/series';
import { LIMITS } from './limits.ts';

/** What a sequence number says about its device's numbering. */
export type SequenceStep = 'next' | 'gap' | 'late' | 'restart';

interface Epoch {
  readonly epoch: string;
  highest: number;
  /** Bounds inclusive, ascending, apart. */
  gaps: { from: number; to: number }[];
}

/**
 * Follows a device's own numbers by epoch: which are missing, and when numbering began again. The newest epoch is the
 * last of the list. Told of each record once, duplicates left out.
 */
export class SequenceTracker {
  #epochs: Epoch[] = [];
  /** Gaps forgotten because of the limits, ever. */
  forgotten = 0;
  /** Number of the newest draft that is to seal it; the runner's. */
  draft = 0;

  /** Takes a number. `restart`: a lower number than the highest that fills no gap, or a lower one in another epoch. */
  note(epoch: string, seq: number): SequenceStep {
    const newest = this.#epochs.at(-1);
    if (newest?.epoch === epoch) return this.#noteIn(newest, seq);
    const known = this.#epochs.find((one) => one.epoch === epoch);
    if (known) {
      const step = this.#noteIn(known, seq);
      // a late number of an epoch before fills its gap; any other one makes the epoch the newest again
      if (step !== 'late') this.#epochs.push(...this.#epochs.splice(this.#epochs.indexOf(known), 1));
      return step;
    }
    this.#epochs.push({ epoch, highest: seq, gaps: [] });
    if (this.#epochs.length > LIMITS.deviceEpochsMax.value) {
      this.forgotten += this.#epochs.shift()?.gaps.length ?? 0;
    }
    return newest && seq <= newest.highest ? 'restart' : 'next';
  }

  /** Open gaps in all epochs. */
  get gapCount(): number {
    return this.#epochs.reduce((sum, one) => sum + one.gaps.length, 0);
  }

  /** What a seal keeps of it. */
  snapshot(device: { tenant: string; project: string; device: string }): DeviceGaps[] {
    const { tenant, project, device: id } = device;
    return this.#epochs.map(({ epoch, highest, gaps }) => ({
      tenant,
      project,
      device: id,
      epoch,
      highest,
      gaps: gaps.map(({ from, to }) => ({ from, to })),
    }));
  }

  /** Takes back one of the epochs of a snapshot, in their order. */
  restore(gaps: DeviceGaps): void {
    this.#epochs.push({
      epoch: gaps.epoch,
      highest: gaps.highest,
      gaps: gaps.gaps.map(({ from, to }) => ({ from, to })),
    });
  }

  #noteIn(epoch: Epoch, seq: number): SequenceStep {
    if (seq === epoch.highest + 1) {
      epoch.highest = seq;
      return 'next';
    }
    if (seq > epoch.highest) {
      epoch.gaps = joinGap(epoch.gaps, epoch.highest + 1, seq - 1);
      epoch.highest = seq;
      if (epoch.gaps.length > LIMITS.deviceGapsMax.value) {
        epoch.gaps.shift();
        this.forgotten++;
      }
      return 'gap';
    }
    const at = epoch.gaps.findIndex((gap) => seq >= gap.from && seq <= gap.to);
    const gap = epoch.gaps[at];
    if (!gap) {
      epoch.highest = seq;
      return 'restart';
    }
    const parts = [
      { from: gap.from, to: seq - 1 },
      { from: seq + 1, to: gap.to },
    ].filter((part) => part.from <= part.to);
    epoch.gaps.splice(at, 1, ...parts);
    if (epoch.gaps.length > LIMITS.deviceGapsMax.value) {
      epoch.gaps.shift();
      this.forgotten++;
    }
    return 'late';
  }
}

/** Adds a gap; after a restart it may reach into older ones, which it then swallows. */
function joinGap(gaps: Epoch['gaps'], from: number, to: number): Epoch['gaps'] {
  const last = gaps.at(-1);
  if (!last || last.to < from - 1) {
    gaps.push({ from, to });
    return gaps;
  }
  let low = from;
  let high = to;
  const apart: Epoch['gaps'] = [];
  for (const gap of gaps) {
    if (gap.to < from - 1 || gap.from > to + 1) apart.push(gap);
    else {
      low = Math.min(low, gap.from);
      high = Math.max(high, gap.to);
    }
  }
  apart.push({ from: low, to: high });
  return apart.sort((a, b) => a.from - b.from);
}
