/** A value of the configuration as it is shown on one line. */
export function shownValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(', ');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** The lines of the configuration file that set a key: `http:` and, below it, `port: 8080`. */
export function fileLines(path: string, value: unknown): string {
  const keys = path.split('.');
  const lines = keys.map((key, depth) => `${'  '.repeat(depth)}${key}:`);
  const indent = '  '.repeat(keys.length);
  if (Array.isArray(value) && value.length > 0)
    return [...lines, ...value.map((one) => `${indent}- ${JSON.stringify(one)}`)].join('\n');
  return `${lines.join('\n')} ${JSON.stringify(value)}`;
}

/** The environment variable that sets a value, for a POSIX shell. */
export function variableWord(name: string, value: unknown): string {
  return `${name}=${shellWord(listed(value))}`;
}

/** The flag that sets a value, for a POSIX shell. */
export function flagWord(flag: string, value: unknown): string {
  if (value === true) return flag;
  if (value === false) return flag.replace(/^--/, '--no-');
  return `${flag} ${shellWord(listed(value))}`;
}

function listed(value: unknown): string {
  return Array.isArray(value) ? value.map(String).join(',') : shownValue(value);
}

function shellWord(word: string): string {
  return /^[\w./:,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
