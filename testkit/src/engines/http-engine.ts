import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Engine } from './engine.ts';
import { EngineFolder } from './engine-folder.ts';
import { EngineProcess } from './engine-process.ts';
import { onFreePorts } from './ports.ts';

/** An engine of one process that says over HTTP whether it is ready. */
export interface HttpEnginePlan {
  readonly name: string;
  readonly command: string;
  /** Texts by file name, written into its folder before it starts. */
  files(folder: string, ports: readonly number[]): Readonly<Record<string, string>>;
  words(folder: string, ports: readonly number[]): readonly string[];
  /** Path that is answered with 2xx when it is ready. */
  readonly readyPath: string;
  /** Ports it listens on; the first is that of HTTP. */
  readonly ports: number;
}

/** Starts an engine as its plan says. Fails with a plain error that holds the end of the log. */
export async function startHttpEngine(plan: HttpEnginePlan): Promise<Engine> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(new EngineFolder(plan.name.toLowerCase()));
  const { process, port } = await onFreePorts(plan.ports, async (ports) => {
    for (const [name, text] of Object.entries(plan.files(folder.path, ports))) {
      const path = join(folder.path, name);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    const [port = 0] = ports;
    const process = await EngineProcess.start({
      name: plan.name,
      command: plan.command,
      words: plan.words(folder.path, ports),
      logPath: join(folder.path, 'log'),
      isReady: () => answersWell(`http://127.0.0.1:${port}${plan.readyPath}`),
    });
    return { process, port };
  });
  undo.move();
  return new Engine(process, { port, folder });
}

async function answersWell(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false; // not listening yet: asked again by the caller
  }
}
