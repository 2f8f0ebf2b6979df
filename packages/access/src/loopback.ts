const OCTET = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const LOOPBACK = new RegExp(`^((::ffff:)?127(\\.${OCTET}){3}|::1|localhost\\.?)$`, 'i');

/**
 * Whether a host name or address is this machine's own (RFC 1122, 3.2.1.3; RFC 4291, 2.5.3; RFC 6761, 6.3): in any
 * case, with the brackets of a URL, the dot of a whole name, or the prefix that IPv4 has on a socket of IPv6.
 */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host.replace(/^\[(.*)\]$/, '$1'));
}
