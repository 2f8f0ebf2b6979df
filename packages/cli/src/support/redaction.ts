const REDACTED = '[redacted]';

/** Keys whose values are secrets or may lead to one. */
const SECRET_KEY =
  /pass(word|phrase)?|token|secret|credential|authorization|cookie|private|(^|[^a-z])key(file)?$|salt|hash/i;

/** Parts of texts that look like a secret, whatever stands around them. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [^-]*PRIVATE KEY-----[\s\S]*?(-----END [^-]*PRIVATE KEY-----|$)/g, REDACTED],
  [/\bsk_[A-Za-z0-9_-]{8,}/g, REDACTED],
  [/\b(Bearer|Basic) +[A-Za-z0-9+/=._~-]+/gi, `$1 ${REDACTED}`],
  [/\b([a-z][a-z0-9+.-]*:\/\/)[^/\s:@]*:[^/\s@]*@/gi, `$1${REDACTED}@`],
  [
    /((?:pass(?:word|phrase)?|token|secret|code|authorization|cookie)["']?\s*[=:]\s*["']?)[^\s"',;&]+/gi,
    `$1${REDACTED}`,
  ],
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
