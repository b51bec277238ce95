// A button that copies a text.
import type { JSX } from 'preact';
import { Icon } from '../icons.tsx';
import { say } from './toast.tsx';

/** `what` ends the sentence "Copy ..." that a screen reader says. */
export function CopyButton({ text, what, label }: { text: string; what: string; label?: string }): JSX.Element {
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => say(`Copied ${what}.`),
      () => say(`The browser did not let ${what} be copied.`, 'bad'),
    );
  };
  return (
    <button type="button" class={label ? '' : 'quiet'} aria-label={label ? undefined : `Copy ${what}`} onClick={copy}>
      <Icon name="copy" />
      {label}
    </button>
  );
}
