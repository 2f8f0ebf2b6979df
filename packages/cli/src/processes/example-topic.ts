const EXAMPLES: Readonly<Record<string, string>> = {
  tenantId: 'my-tenant',
  projectId: 'my-project',
  deviceId: 'my-device',
};

/** The form that the page shows too. */
const PLAIN = 'iot/{tenantId}/{projectId}/{deviceId}/telemetry';

/**
 * A topic that the plain template owns, or else the first with a device, or else the first, with names for people to
 * replace.
 */
export function exampleTopic(templates: readonly string[]): string {
  const template =
    templates.find((one) => one === PLAIN) ??
    templates.find((one) => one.includes('{deviceId')) ??
    templates[0] ??
    '';
  return template
    .split('/')
    .flatMap((level) => {
      const name = /^\{(\w+)(\??…?)\}$/.exec(level);
      if (!name) return [level];
      const example = EXAMPLES[String(name[1])];
      return example === undefined ? (name[2] === '' ? [String(name[1])] : []) : [example];
    })
    .join('/');
}
