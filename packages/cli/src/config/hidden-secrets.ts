import type { SkerryConfig } from './schema.ts';

/** The configuration as it may be shown: a password in an address is replaced by `***`. */
export function withoutSecrets(config: SkerryConfig): SkerryConfig {
  const { postgres, redis } = config;
  const { url, readUrl } = postgres;
  return {
    ...config,
    redis: { ...redis, url: withoutPassword(redis.url) },
    postgres: { ...postgres, url: withoutPassword(url), readUrl: withoutPassword(readUrl) },
  };
}

function withoutPassword(url: string): string {
  return url.replace(/^(\w+:\/\/[^:@/]*):[^@]*@/, '$1:***@').replace(/([?&]password=)[^&]*/, '$1***');
}
