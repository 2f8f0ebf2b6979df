/** Runs `work` while no other set-up of the same repository does, and gives what it gives. Throws where nothing can be written. */
export function alone<T>(root: string, work: () => T): T;
