/** A fault that is explained by its message alone. */
export function plainError(message) {
  return Object.assign(new Error(message), { isPlain: true });
}
