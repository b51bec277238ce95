// Administration: users, virtual hosts, definitions.
import type { JSX } from 'preact';
import { Empty } from '../components/states.tsx';
import { isAdministrator, user } from '../session.ts';
import { link } from '../url.ts';
import { DefinitionsPage } from './definitions.tsx';
import { UserPage } from './user.tsx';
import { UsersPage } from './users.tsx';
import { VhostPage } from './vhost.tsx';
import { VhostsPage } from './vhosts.tsx';

const parts = [
  ['users', 'Users'],
  ['vhosts', 'Virtual hosts'],
  ['definitions', 'Definitions'],
] as const;

export function AdminPage({ path }: { path: readonly string[] }): JSX.Element {
  const [part = 'users', name] = path;
  if (!isAdministrator.value) {
    return (
      <Empty title="This is for administrators">
        <p>
          {user.value?.name} has not the tag administrator. Someone who has it can give it, with{' '}
          <code>leveret user tag {user.value?.name} administrator</code> or here.
        </p>
      </Empty>
    );
  }
  return (
    <>
      <nav class="tabs" aria-label="Administration">
        {parts.map(([id, title]) => (
          <a key={id} href={link(['admin', id])} aria-current={id === part ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <Part part={part} name={name} />
    </>
  );
}

function Part({ part, name }: { part: string; name: string | undefined }): JSX.Element {
  if (part === 'vhosts') return name === undefined ? <VhostsPage /> : <VhostPage key={name} name={name} />;
  if (part === 'definitions') return <DefinitionsPage />;
  return name === undefined ? <UsersPage /> : <UserPage key={name} name={name} />;
}
