import type { AccessFault } from '@skerry/access';
import type { Action } from '@skerry/model';
import type { ApiFault } from './errors.ts';
import type { Schema } from './schema-kit.ts';
import type { SchemaName } from './schemas.ts';

/** One operation of the API as data: the server registers it, the document and the clients are written from it. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with `{name}` parameters. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  /** More than the summary, for the document. */
  readonly description?: string;
  readonly params?: Schema;
  readonly query?: Schema;
  readonly body?: SchemaName;
  /** Media types of a body that the handler reads by itself, as bytes; a body is JSON otherwise. */
  readonly bytesBody?: readonly string[];
  /** Bytes that a JSON body may have; `bodyBytesMax` of the limits when absent. */
  readonly bodyBytesMax?: number;
  /** Headers of the request that mean something, by their names in small letters; the handler reads them. */
  readonly headers?: Schema;
  /** Schema of the JSON answer; absent for text. */
  readonly answer?: SchemaName | readonly SchemaName[];
  /** Media types beside (or instead of) JSON. */
  readonly alsoMedia?: readonly string[];
  /** Schemas of the events of an event stream, by the events' names. */
  readonly events?: Readonly<Record<string, SchemaName>>;
  /** Schemas of the lines where NDJSON is among them; unknown when absent. */
  readonly lines?: SchemaName | readonly SchemaName[];
  readonly faults: readonly (ApiFault | AccessFault)[];
  /**
   * Who may ask it: anybody (`open`), whoever has signed in, or those with the action in some scope. The handler narrows
   * what it shows or changes to that scope; where the path names a tenant, project or device the server has checked it.
   */
  readonly may: Action | 'open' | 'signed-in';
  /** Whether the action of `may` must be allowed on everything, since the answer is of the whole node. */
  readonly isOfAll?: true;
  /** Whether it is open, without credentials, where the listener is on a loopback address. */
  readonly isOpenOnLoopback?: true;
}
