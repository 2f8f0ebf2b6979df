import { networkInterfaces } from 'node:os';
import type { SkerryConfig } from '../config/schema.ts';

/** The first address of this machine that others may reach it by; IPv4 before IPv6; loopback where there is none. */
export function ownAddress(interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces()): string {
  return outsideAddresses(interfaces)[0] ?? '127.0.0.1';
}

/** Every address of this machine that others may reach it by, IPv4 first. */
export function outsideAddresses(
  interfaces: ReturnType<typeof networkInterfaces> = networkInterfaces(),
): string[] {
  const all = Object.values(interfaces).flatMap((addresses) => addresses ?? []);
  const others = all.filter(({ internal, scopeid }) => !internal && !scopeid);
  const isFirst = ({ family }: { readonly family: string }) => family === 'IPv4';
  return [...others.filter(isFirst), ...others.filter((one) => !isFirst(one))].map(({ address }) => address);
}

/** By what others reach what listens on `host`: on every address, by the names of the machine, or else its addresses. */
export function outsideNames(host: string, { http: { hostNames } }: Pick<SkerryConfig, 'http'>): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  return hostNames.length > 0 ? [...hostNames] : outsideAddresses();
}
