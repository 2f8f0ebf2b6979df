import { join } from 'node:path';
import { Engine } from './engine.ts';
import { EngineFolder } from './engine-folder.ts';
import { EngineProcess } from './engine-process.ts';
import { accepts, onFreePorts } from './ports.ts';
import { program } from './programs.ts';

/** How a Redis is started. */
export interface RedisOptions {
  /** Every write is in its log and synced before it is answered; without it a restart begins empty. */
  readonly isDurable?: boolean;
  readonly password?: string;
}

/** Starts a Redis. Fails with a plain error that holds the end of the log. */
export async function startRedis({ isDurable = false, password }: RedisOptions = {}): Promise<Engine> {
  const command = program('redis-server', 'redis-server');
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(new EngineFolder('redis'));
  const { port, process } = await onFreePorts(1, async ([port = 0]) => {
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder.path];
    const keeping = isDurable ? ['--appendonly', 'yes', '--appendfsync', 'always'] : [];
    const secret = password === undefined ? [] : ['--requirepass', password];
    const process = await EngineProcess.start({
      name: 'Redis',
      command,
      words: [...place, '--save', '', ...keeping, ...secret],
      logPath: join(folder.path, 'redis.log'),
      isReady: async (log) => log.includes('Ready to accept connections') && (await accepts(port)),
    });
    return { port, process };
  });
  undo.move();
  return new Engine(process, { port, folder });
}
