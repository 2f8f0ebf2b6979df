const REDACTED = '[redacted]';

/** Keys whose values are secrets or may lead to one. */
const SECRET_KEY =
  /pass(word|phrase)?|token|secret|credential|authorization|cookie|private|(^|[^a-z])key(file)?$|salt|hash/i;

/** Words before a secret, in variables of the environment, members of JSON, flags, headers and sentences. */
const SECRET_WORD =
  '(?:pass(?:word|wd|phrase)?|pwd|token|secret|credentials?|authorization|cookie|api[-_]?key|private[-_]?key)';

/** A value to the end of its quotes, or of the word. */
const VALUE = `(?:\\\\"(?:(?!\\\\").)*\\\\"|"(?:[^"\\\\\\n]|\\\\.)*"|'[^'\\n]*'|[^\\s"']\\S*)`;

/** Parts of texts that look like a secret, whatever stands around them. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [^-]*PRIVATE KEY-----[\s\S]*?(-----END [^-]*PRIVATE KEY-----|$)/g, REDACTED],
  [/\bsk_[A-Za-z0-9_-]{8,}/g, REDACTED],
  [/\b(Bearer|Basic) +[A-Za-z0-9+/=._~-]+/gi, `$1 ${REDACTED}`],
  // a password may hold @ and /, so everything to the last @ goes
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^\s"'<>]*@/gi, `$1${REDACTED}@`],
  // "its password is told this once: …": words may stand between
  [
    new RegExp(`(${SECRET_WORD}s?(?:\\\\?["'])?[^\\n=:"'{}]{0,80}[=:][ \\t]*)${VALUE}`, 'gi'),
    `$1${REDACTED}`,
  ],
  [/([?&]code=)[^\s&"'<>]+/g, `$1${REDACTED}`],
  // curl -u NAME:PASSWORD, mosquitto_pub -P X or --pw X, --password X
  [
    /((?:^|\s)(?:-u|--(?:proxy-)?user)[ =]?)(?:"[^"\n]*:[^"\n]*"|'[^'\n]*:[^'\n]*'|[^\s:"']+:\S+)/gm,
    `$1${REDACTED}`,
  ],
  [new RegExp(`((?:^|\\s)(?:-P|--pw)[ =]?)${VALUE}`, 'gm'), `$1${REDACTED}`],
  [new RegExp(`((?:^|\\s)--[a-z-]*${SECRET_WORD}[ =])(?!-)${VALUE}`, 'gim'), `$1${REDACTED}`],
];

/** Replaces what is or may be a secret: by known secrets, by the names of keys, by the look of texts. */
export class Redactor {
  readonly #known: readonly string[];

  /** `known`: secrets that this machine knows; short ones are left out, since they would be words of the language. */
  constructor(known: readonly string[]) {
    this.#known = known
      .filter((secret) => secret.length >= SECRET_CHARS)
      .toSorted((a, b) => b.length - a.length);
  }

  /** A text without secrets. */
  text(text: string): string {
    const plain = this.#known.reduce((rest, secret) => rest.replaceAll(secret, REDACTED), text);
    return PATTERNS.reduce((rest, [pattern, with_]) => rest.replace(pattern, with_), plain);
  }

  /** Values of JSON without secrets. */
  value(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (Array.isArray(value)) return value.map((one) => this.value(one));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => {
        const isSecret = SECRET_KEY.test(key) && (typeof one === 'string' || typeof one === 'object');
        return [this.text(key), isSecret && one !== null ? REDACTED : this.value(one)];
      }),
    );
  }
}

/** Shorter secrets are not looked for. */
const SECRET_CHARS = 6;
