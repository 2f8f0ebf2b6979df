/** The file to be run, built of the sources as they are now. Throws where it cannot be built. */
export function ensureProgram(root: string, node: string): string;
