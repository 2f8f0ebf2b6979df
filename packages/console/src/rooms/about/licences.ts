/** A work of others that Skerry stands on. */
export interface Licence {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
}

declare const __LICENCES__: readonly Licence[];

/** Every dependency of the packages and of this page, with its licence; written in by the build from what is installed. */
export const LICENCES: readonly Licence[] = __LICENCES__;
