/** What names a device in a topic. */
export interface TopicIds {
  readonly tenant: string;
  readonly project: string;
  readonly device: string;
}

/** The topic of a device by the template that has no other part left open, the plainest last resort; undefined where no template names devices. */
export function deviceTopic(templates: readonly string[], ids: TopicIds): string | undefined {
  const own = templates.find((template) => template === 'iot/{tenantId}/{projectId}/{deviceId}/telemetry');
  const named = own ?? templates.find((template) => /\{deviceId\??\}/.test(template));
  if (named === undefined) return undefined;
  const values: Readonly<Record<string, string>> = {
    tenantId: ids.tenant,
    projectId: ids.project,
    deviceId: ids.device,
  };
  return named
    .split('/')
    .flatMap((level) => {
      const name = /^\{(\w+)(\??…?)\}$/.exec(level);
      if (!name) return [level];
      const value = values[String(name[1])];
      if (value !== undefined) return [value];
      return name[2] === '' ? [String(name[1])] : [];
    })
    .join('/');
}
