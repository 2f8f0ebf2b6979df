import type { PipelineEntry } from '../../generated/client.ts';
import type { RoomProps } from '../../room.ts';
import '../../styles/forms.css';
import { DocumentPage } from './document-page.tsx';
import { NewDocumentPage } from './new-document-page.tsx';
import './pipeline.css';
import { PipelinesPage } from './pipelines-page.tsx';

const KINDS: Readonly<Record<string, PipelineEntry['kind']>> = {
  pipelines: 'Pipeline',
  tables: 'LookupTable',
};

/** All declared documents, one of them, or a new one. */
export function Content({ rest }: RoomProps) {
  const [first, name] = rest;
  if (first === undefined) return <PipelinesPage />;
  const kind = KINDS[first];
  if (kind === undefined || name === undefined) return <NewDocumentPage />;
  return <DocumentPage key={`${first}/${name}`} kind={kind} name={name} />;
}
