import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const SCRIPT =
  "import { ensureProgram } from './tools/program.mjs'; console.log(ensureProgram(process.cwd(), process.execPath))";

let built: string | undefined;

/** File of the program as users run it, built of the sources as they were when this process first asked. Fails with what the build says. */
export function program(): string {
  built ??= ensure();
  return built;
}

function ensure(): string {
  const words = ['--input-type=module', '--eval', SCRIPT];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { cwd: ROOT, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout.trim();
}
