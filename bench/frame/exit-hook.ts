/** Does something when this process ends before it is disposed: what would outlive it is taken away. */
export function atExit(action: () => void): Disposable {
  process.once('exit', action);
  return { [Symbol.dispose]: () => void process.removeListener('exit', action) };
}
