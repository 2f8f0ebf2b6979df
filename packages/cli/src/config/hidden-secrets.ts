import type { SkerryConfig } from './schema.ts';

/** The configuration as it may be shown: a password in an address is replaced by `***`. */
export function withoutSecrets(config: SkerryConfig): SkerryConfig {
  const { postgres } = config;
  return { ...config, postgres: { ...postgres, url: withoutPassword(postgres.url) } };
}

function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/]*):[^@]*@/, '$1:***@').replace(/([?&]password=)[^&]*/, '$1***');
}
