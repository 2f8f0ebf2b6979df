import { followEvents } from './event-stream.ts';
import { OPERATIONS, type SkerryClient } from './generated/operations.ts';
import { textLines } from './text-lines.ts';
import {
  type CallOptions,
  type ClientOptions,
  type OperationShape,
  type Parameters,
  readJson,
  readText,
  send,
} from './transport.ts';

type Call = (parameters?: Parameters, options?: CallOptions) => unknown;

const NDJSON = 'application/x-ndjson';

/**
 * A client of the API: a function for each operation, whose first argument holds path, query and body by name. Problems
 * are `ApiProblem`s. Nothing is connected before the first request.
 */
export function createClient(options: ClientOptions = {}): SkerryClient {
  const calls: Record<string, Call> = {};
  for (const [id, operation] of Object.entries(OPERATIONS)) {
    calls[id] = callOf(options, operation, operation.kind);
    if (operation.hasLines) calls[`${id}Lines`] = callOf(options, operation, 'lines');
  }
  return calls as unknown as SkerryClient; // types and table are written from the same operations
}

function callOf(
  options: ClientOptions,
  shape: OperationShape,
  kind: 'json' | 'text' | 'stream' | 'events' | 'lines' | 'nothing',
): Call {
  switch (kind) {
    case 'json':
      return async (parameters = {}, call) =>
        readJson(await send(options, shape, parameters, 'application/json', call));
    case 'text':
      return async (parameters = {}, call) => readText(await send(options, shape, parameters, '*/*', call));
    case 'stream':
      return (parameters = {}, call) => send(options, shape, parameters, '*/*', call);
    case 'nothing':
      return async (parameters = {}, call) =>
        void (await readText(await send(options, shape, parameters, '*/*', call)));
    case 'events':
      return (parameters = {}, call) => followEvents(options, shape, parameters, call);
    case 'lines':
      return (parameters = {}, call) => jsonLines(options, shape, parameters, call);
  }
}

async function* jsonLines(
  options: ClientOptions,
  shape: OperationShape,
  parameters: Parameters,
  call: CallOptions | undefined,
): AsyncGenerator<unknown> {
  const response = await send(options, shape, parameters, NDJSON, call);
  for await (const line of textLines(response)) if (line !== '') yield JSON.parse(line);
}
