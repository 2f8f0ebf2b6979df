import { createHash } from 'node:crypto';
import { ApiError } from './errors.ts';

/** What a conditional request looks at. */
export interface ConditionalRequest {
  readonly headers: {
    readonly 'if-match'?: string | undefined;
    readonly 'if-none-match'?: string | undefined;
  };
}

/**
 * The entity tag of a JSON answer: weak, over everything but the server's own time at its beginning, so that an answer
 * that says the same has the same tag. (RFC 9110, 8.8.3)
 */
export function weakTag(json: string): string {
  const said = json.replace(/^\{"time":"[^"]*",?/, '{');
  return `W/"${createHash('sha256').update(said).digest('base64url').slice(0, 22)}"`;
}

/** The entity tag of a thing without a version, by everything that its answer shows: strong, for `etag` and `if-match`. */
export function contentTag(shown: unknown): string {
  return `"${createHash('sha256').update(JSON.stringify(shown)).digest('base64url').slice(0, 22)}"`;
}

/** The entity tag of a thing that has a version: strong, for `etag` of its answers and `if-match` of its changes. */
export function versionTag(version: number | string): string {
  return `"v${String(version).replaceAll('"', '')}"`;
}

/** Whether `if-none-match` names the answer, so that 304 says everything. Weak comparison. (RFC 9110, 13.1.2) */
export function isUnchanged({ headers }: ConditionalRequest, tag: string): boolean {
  const wanted = headers['if-none-match'];
  if (wanted === undefined) return false;
  return (
    wanted.trim() === '*' || tagsIn(wanted).some((one) => one.replace(/^W\//, '') === tag.replace(/^W\//, ''))
  );
}

/**
 * Lets a change through when the request has no `if-match` or it names the thing as it is; `current` is the tag of
 * `versionTag`, undefined for a thing that does not exist. Strong comparison. Fails with `precondition-failed`.
 * (RFC 9110, 13.1.1)
 */
export function requireMatch({ headers }: ConditionalRequest, current: string | undefined): void {
  const wanted = headers['if-match'];
  if (wanted === undefined) return;
  const isMatch =
    current !== undefined && (wanted.trim() === '*' || tagsIn(wanted).some((one) => one === current));
  if (isMatch) return;
  throw new ApiError(
    'precondition-failed',
    `found ${current ?? 'nothing'}, if-match wants ${wanted.slice(0, 200)}`,
  );
}

function tagsIn(header: string): readonly string[] {
  return header.match(/(?:W\/)?"[^"]*"/g) ?? [];
}
