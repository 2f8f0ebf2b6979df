import { listDevices } from '../../generated/client.ts';
import { useFetched } from '../../live/fetched.ts';
import { Field } from '../../parts/field.tsx';
import { Card, Link, Loading, RoomHead } from '../../parts/parts.tsx';
import { goTo, pathOf, setQuery, useQuery } from '../../route.ts';
import { useWords } from '../../words/words.ts';
import { en } from './en.ts';
import { EXAMPLES, type Example, exampleOf } from './examples.ts';
import { documentPath } from './pipelines-page.tsx';
import { Workbench } from './workbench.tsx';
import { zh } from './zh.ts';

const WORDS = { en, zh };
const NOWHERE = { tenant: 'my-company', project: 'my-site' };

/** A new document, begun from an example. */
export function NewDocumentPage() {
  const words = useWords(WORDS);
  const asked = useQuery('example');
  const example: Example = EXAMPLES.find((one) => one === asked) ?? 'filter';
  const { data, error } = useFetched('example place', async (signal) => {
    const { items } = await listDevices({ sort: 'lastSeen', order: 'desc', limit: 1 }, signal);
    return items[0] ?? NOWHERE;
  });
  const place = data ?? (error ? NOWHERE : undefined);
  return (
    <>
      <Link to={pathOf('pipeline')} className="back">
        {words.all}
      </Link>
      <RoomHead title={words.create} />
      <Card>
        <Field label={words.example} className="example-field">
          {(ids) => (
            <select {...ids} value={example} onChange={(event) => setQuery({ example: event.target.value })}>
              {EXAMPLES.map((one) => (
                <option key={one} value={one}>
                  {words.examples[one]}
                </option>
              ))}
            </select>
          )}
        </Field>
      </Card>
      {!place && <Loading rows={5} />}
      {place && (
        <Workbench
          key={example}
          place={`new ${example}`}
          begin={exampleOf(example, place)}
          applied={(detail) => goTo(documentPath(detail))}
        />
      )}
    </>
  );
}
