/** A JSON Schema (2020-12) as this package writes them. */
export type Schema = Readonly<Record<string, unknown>>;

/** The name of a schema among `SCHEMAS`, by its reference. */
type RefName<R> = R extends `#/components/schemas/${infer Name}` ? Name : never;

type Keys<T, R> = {
  readonly [K in keyof T]: K extends R ? K : never;
}[keyof T];

type ObjectOf<P, R, Named> = { readonly [K in Keys<P, R>]: Static<P[K], Named> } & {
  readonly [K in Exclude<keyof P, Keys<P, R>>]?: Static<P[K], Named>;
};

/** The TypeScript type a schema describes; `Named` holds the schemas its references name. */
export type Static<S, Named> = S extends { readonly $ref: infer R }
  ? RefName<R> extends keyof Named
    ? Static<Named[RefName<R>], Named>
    : never
  : S extends { readonly const: infer C }
    ? C
    : S extends { readonly enum: readonly (infer E)[] }
      ? E
      : S extends { readonly anyOf: readonly (infer U)[] }
        ? U extends unknown
          ? Static<U, Named>
          : never
        : S extends { readonly type: 'array'; readonly items: infer I }
          ? readonly Static<I, Named>[]
          : S extends { readonly type: 'object'; readonly properties: infer P; readonly required: infer R }
            ? ObjectOf<P, R extends readonly (infer K)[] ? K : never, Named>
            : S extends { readonly type: 'object' }
              ? Readonly<Record<string, unknown>>
              : S extends { readonly type: infer T }
                ? Plain<T>
                : unknown;

type Plain<T> = T extends 'string'
  ? string
  : T extends 'integer' | 'number'
    ? number
    : T extends 'boolean'
      ? boolean
      : T extends 'null'
        ? null
        : never;

/** A text. */
export function text<const Extra extends Schema = Record<never, never>>(description: string, extra?: Extra) {
  return { type: 'string', description, ...extra } as const;
}

/** A number of things: a whole number that is not negative. */
export function count(description: string) {
  return { type: 'integer', minimum: 0, description } as const;
}

/** A number. */
export function number(description: string) {
  return { type: 'number', description } as const;
}

/** A truth value. */
export function flag(description: string) {
  return { type: 'boolean', description } as const;
}

/** A moment. */
export function time(description: string) {
  return {
    type: 'string',
    description: `${description} ISO 8601 with microseconds and \`Z\`.`,
    examples: ['2026-05-01T12:00:00.000000Z'],
  } as const;
}

/** One of a few words. */
export function oneOfWords<const W extends readonly string[]>(description: string, words: W) {
  return { type: 'string', description, enum: words } as const;
}

/** The schema or null. */
export function nullable<const S extends Schema>(schema: S) {
  return { anyOf: [schema, { type: 'null' }] } as const;
}

/** A list. */
export function list<const S extends Schema>(items: S) {
  return { type: 'array', items } as const;
}

/** A reference to a schema of the document. */
export function ref<const N extends string>(name: N) {
  return { $ref: `#/components/schemas/${name}` } as const;
}

/** An object without other members than the named; all are required except those in `optional`. */
export function object<
  const P extends Readonly<Record<string, Schema>>,
  const O extends readonly (keyof P & string)[] = readonly [],
>(description: string, properties: P, optional?: O) {
  const left: readonly string[] = optional ?? [];
  const required = Object.keys(properties).filter((key) => !left.includes(key));
  return {
    type: 'object',
    description,
    additionalProperties: false,
    // the filter above removes exactly the members of `O`
    required: required as unknown as readonly Exclude<keyof P & string, O[number]>[],
    properties,
  } as const;
}
