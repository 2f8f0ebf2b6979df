import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a script in a Node process of its own and gives the lines of its stdout, each one JSON. */
export async function runScript(script: URL, words: readonly string[]): Promise<unknown[]> {
  const child = spawn(process.execPath, [script.pathname, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const parts: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => parts.push(text));
  const [code] = await once(child, 'close');
  if (code !== 0) throw new TypeError(`${script.pathname} ended with ${code}.`);
  return parts
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}
