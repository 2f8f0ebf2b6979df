import { Ajv2020 } from 'ajv/dist/2020.js';
import { SCHEMAS, type SchemaName } from '../schemas.ts';

const ajv = new Ajv2020({ allErrors: true, strict: false });
ajv.addSchema({ $id: 'skerry', components: { schemas: SCHEMAS } });

/** What is wrong with `value` as the named schema of the API; empty when nothing is. */
export function faultsAgainst(name: SchemaName, value: unknown): string[] {
  const validate = ajv.compile({ $ref: `skerry#/components/schemas/${name}` });
  if (validate(value)) return [];
  return (validate.errors ?? []).map((fault) => `${fault.instancePath || '/'} ${fault.message ?? ''}`);
}
