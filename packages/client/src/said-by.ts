/** Whether everything that was written (`part`) stands in a document (`whole`), which has defaults beside it. Empty members say nothing. */
export function isSaidBy(part: unknown, whole: unknown): boolean {
  if (Array.isArray(part))
    return (
      Array.isArray(whole) &&
      part.length === whole.length &&
      part.every((one, at) => isSaidBy(one, whole[at]))
    );
  if (!isObject(part)) return part === whole;
  return (
    isObject(whole) &&
    Object.entries(part).every(([key, member]) => isEmpty(member) || isSaidBy(member, whole[key]))
  );
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
