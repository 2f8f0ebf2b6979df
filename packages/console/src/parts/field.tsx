import { type ReactNode, useId } from 'react';

/** What an input of a field needs to be told by readers of the screen. */
export interface FieldIds {
  readonly id: string;
  readonly 'aria-describedby'?: string;
  readonly 'aria-invalid'?: true;
}

/** A labelled input, what to know about it, and what is wrong with it. */
export function Field({
  label,
  hint,
  fault,
  children,
  className = '',
}: {
  readonly label: string;
  readonly hint?: ReactNode;
  readonly fault?: string | undefined;
  readonly children: (ids: FieldIds) => ReactNode;
  readonly className?: string;
}) {
  const id = useId();
  const more = fault ?? hint;
  return (
    <div className={`field ${className}`}>
      <label htmlFor={id}>{label}</label>
      {children({
        id,
        ...(more === undefined ? {} : { 'aria-describedby': `${id}-more` }),
        ...(fault === undefined ? {} : { 'aria-invalid': true }),
      })}
      {more !== undefined && (
        <p id={`${id}-more`} className={`small ${fault === undefined ? 'quiet' : 'bad'}`}>
          {more}
        </p>
      )}
    </div>
  );
}
