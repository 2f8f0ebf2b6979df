/** One event of an event stream. */
export interface StreamEvent {
  readonly type: string;
  readonly text: string;
}

/** Events of an open stream, asked for with a bearer token, until `signal` is aborted. Fails with a plain error unless it answers 200. */
export async function* readEvents(
  url: string,
  token: string,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const response = await fetch(url, {
    signal,
    headers: { accept: 'text/event-stream', authorization: `Bearer ${token}` },
  });
  if (response.status !== 200 || !response.body)
    throw new TypeError(`${url} answered ${response.status}: ${await response.text()}`);
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const lines = block.split('\n');
      const field = (name: string): string =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
      yield { type: field('event'), text: field('data') };
    }
  }
}
