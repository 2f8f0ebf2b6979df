const EXAMPLES: Readonly<Record<string, string>> = {
  tenantId: 'my-tenant',
  projectId: 'my-project',
  deviceId: 'my-device',
};

/** A topic that the first template with a device owns, with names for people to replace; the first template otherwise. */
export function exampleTopic(templates: readonly string[]): string {
  const template = templates.find((one) => one.includes('{deviceId')) ?? templates[0] ?? '';
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
