// The page's one dialog: forms, and questions before something is gone.
import { signal } from '@preact/signals';
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../api.ts';
import { Icon } from '../icons.tsx';
import { refresh } from '../live.ts';
import { type Field, Fields, type Values, valuesOf } from './fields.tsx';
import { say } from './toast.tsx';

/** A form in a dialog. */
export interface FormSpec {
  readonly title: string;
  readonly fields: readonly Field[];
  /** What the button says. */
  readonly verb: string;
  readonly intro?: ComponentChildren;
  /** Whether the button warns. */
  readonly danger?: boolean;
  /** Does it; the text that comes back is shown when it is done. What it throws is shown in the dialog. */
  readonly act: (values: Values) => Promise<string | undefined>;
}

/** A question before something is gone. */
export interface DangerSpec {
  readonly title: string;
  /** What will be gone, in numbers. */
  readonly loss: ComponentChildren;
  readonly verb: string;
  /** To be typed before it is done: for when it is much. */
  readonly name?: string;
  readonly act: () => Promise<string | undefined>;
}

interface Shown {
  readonly title: string;
  readonly body: ComponentChildren;
  readonly wide?: boolean;
}

const shown = signal<Shown | undefined>(undefined);

/** Shows a form. */
export function openForm(spec: FormSpec): void {
  shown.value = { title: spec.title, body: <Form {...spec} /> };
}

/** Asks before something is gone. */
export function askDanger({ title, loss, verb, name, act }: DangerSpec): void {
  const fields: Field[] = name
    ? [{ name: 'name', label: `Type ${name} to go on`, kind: 'text', required: true, must: name }]
    : [];
  openForm({ title, intro: loss, verb, danger: true, fields, act });
}

/** Shows anything else. */
export function openDialog(title: string, body: ComponentChildren, wide: boolean = false): void {
  shown.value = { title, body, wide };
}

export function closeDialog(): void {
  shown.value = undefined;
}

/** The place of the dialog in the page. */
export function DialogHost(): JSX.Element | null {
  const box = useRef<HTMLDialogElement>(null);
  const now = shown.value;
  useEffect(() => {
    if (now && !box.current?.open) box.current?.showModal();
  }, [now]);
  useEffect(() => {
    addEventListener('hashchange', closeDialog);
    return () => removeEventListener('hashchange', closeDialog);
  }, []);
  if (!now) return null;
  return (
    <dialog ref={box} class={now.wide ? 'wide' : ''} aria-labelledby="dialog-title" onClose={closeDialog}>
      <header>
        <h2 id="dialog-title">{now.title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={closeDialog}>
          <Icon name="close" />
        </button>
      </header>
      {now.body}
    </dialog>
  );
}

function Form({ fields, verb, intro, danger, act }: FormSpec): JSX.Element {
  const [error, setError] = useState<ApiError | undefined>();
  const [busy, setBusy] = useState(false);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const done = await act(valuesOf(event.currentTarget as HTMLFormElement, fields));
      closeDialog();
      if (done) say(done);
      refresh();
    } catch (caught) {
      setError(caught instanceof ApiError ? caught : new ApiError(-1, (caught as Error).message, ''));
    } finally {
      setBusy(false);
    }
  };
  return (
    <form onSubmit={event => void submit(event)}>
      {intro && <div class="intro">{intro}</div>}
      <Fields fields={fields} />
      {error && (
        <p class="problem" role="alert">
          <Icon name="warn" />
          {error.message}
        </p>
      )}
      <footer>
        <button type="button" onClick={closeDialog}>
          Cancel
        </button>
        <button type="submit" class={danger ? 'danger' : 'primary'} disabled={busy}>
          {verb}
        </button>
      </footer>
    </form>
  );
}
