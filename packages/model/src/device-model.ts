/** Metrics whose newest text is the model of their device, the first that there is; the second is Sparkplug's. */
export const MODEL_METRICS = ['model', 'Properties/Hardware Model'] as const;

/** Characters of a model; a longer text is none. */
export const MODEL_CHARS_MAX = 64; // fixed: it is a label of metrics

/** The model that a value tells; empty for none. */
export function modelOf(value: unknown): string {
  return typeof value === 'string' && value.length <= MODEL_CHARS_MAX ? value : '';
}
