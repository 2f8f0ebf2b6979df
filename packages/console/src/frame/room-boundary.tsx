import { Component, type ReactNode } from 'react';
import { useShared } from '../words/shared.ts';

interface Props {
  readonly children: ReactNode;
}

/** Catches a mistake of the page inside one room, so that the frame and the other rooms live on. */
export class RoomBoundary extends Component<Props, { readonly error: Error | undefined }> {
  override state = { error: undefined };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return <Broken error={error} />;
  }
}

/** A part of the page that could not be fetched is fetched again with the page only. */
function Broken({ error }: { readonly error: Error }) {
  const words = useShared();
  return (
    <div className="state state-bad" role="alert">
      <h1>{words.broken.title}</h1>
      <p>{words.broken.words}</p>
      <p className="quiet small">
        <code>{error.message}</code>
      </p>
      <button type="button" onClick={() => window.location.reload()}>
        {words.retry}
      </button>
    </div>
  );
}
