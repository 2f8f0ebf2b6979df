import type { LucideIcon } from 'lucide-react';
import type { ComponentType } from 'react';
import type { Action } from './frame/session.tsx';
import type { Tongues } from './words/words.ts';

/** Headings of the navigation, in order. */
export const GROUPS = ['watch', 'process', 'connect', 'administer'] as const;

/** One heading of the navigation. */
export type Group = (typeof GROUPS)[number];

/** What the frame gives a room. */
export interface RoomProps {
  /** Parts of the path behind the room's own first part, decoded. */
  readonly rest: readonly string[];
}

/**
 * A room of the console: one folder `rooms/<name>/` with `room.ts` (this description, small, loaded with the frame),
 * `en.ts` and `zh.ts` (its texts) and what `load` brings, fetched when the room is opened first.
 */
export interface Room {
  /** First part of the path; empty for the overview. */
  readonly name: string;
  /** Its name in the navigation and in the title. */
  readonly title: Tongues<string>;
  readonly icon: LucideIcon;
  /** Where the navigation shows it; undefined: it does not. */
  readonly group?: Group;
  /** What one must be allowed to do somewhere to enter. */
  readonly may?: Action;
  /** Whether these parts behind the name are an address of the room; absent: only none are. */
  readonly knows?: (rest: readonly string[]) => boolean;
  readonly load: () => Promise<{ readonly Content: ComponentType<RoomProps> }>;
}
