// What stands where data would be: nothing yet, loading, no permission, an error.
import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../api.ts';
import { Icon, type IconName } from '../icons.tsx';
import { refresh } from '../live.ts';
import { user } from '../session.ts';
import { CopyButton } from './copy.tsx';

/** Grey bars, after a moment in which nothing is better. */
export function Loading({ rows = 6 }: { rows?: number }): JSX.Element {
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setLate(true), 150);
    return () => clearTimeout(timer);
  }, []);
  return (
    <div class="skeleton" role="status">
      <span class="unseen">Loading</span>
      {late && Array.from({ length: rows }, (_, index) => <i key={index} />)}
    </div>
  );
}

/** Says what is not here and what to do next; `command` can be copied. */
export function Empty({
  title,
  children,
  command,
}: {
  title: string;
  children?: ComponentChildren;
  command?: string;
}): JSX.Element {
  return (
    <State icon="empty" title={title}>
      {children}
      {command && (
        <div class="command">
          <code>{command}</code>
          <CopyButton text={command} what="the command" />
        </div>
      )}
    </State>
  );
}

/** What went wrong, in the words that fit its status. */
export function Fault({ error }: { error: ApiError }): JSX.Element {
  if (error.status === 401 || error.status === 403) {
    const tags = user.value?.tags.join(', ') || 'no tag';
    return (
      <State icon="lock" title="You may not see this">
        <p>
          {error.message} You are logged in as <b>{user.value?.name}</b> ({tags}). An administrator can change that
          under Admin, Users.
        </p>
      </State>
    );
  }
  if (error.status === 404) {
    return (
      <State icon="empty" title="It is not here">
        <p>It was deleted, or never was. The address may be old.</p>
      </State>
    );
  }
  const details = `${error.request}\n${error.status} ${error.message}`;
  return (
    <State icon="fault" title={error.status === 0 ? 'The broker does not answer' : 'That did not work'}>
      <p>{error.message}</p>
      <p class="row">
        <button type="button" onClick={refresh}>
          Try again
        </button>
        <CopyButton text={details} what="the details" label="Copy details" />
      </p>
    </State>
  );
}

function State({
  icon,
  title,
  children,
}: {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="state">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}
