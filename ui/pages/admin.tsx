// Administration: users, virtual hosts, policies, definitions.
import type { JSX } from 'preact';
import { Empty } from '../components/states.tsx';
import { isAdministrator, isPolicymaker, user } from '../session.ts';
import { link } from '../url.ts';
import { DefinitionsPage } from './definitions.tsx';
import { PoliciesPage } from './policies.tsx';
import { PolicyPage } from './policy.tsx';
import { UserPage } from './user.tsx';
import { UsersPage } from './users.tsx';
import { VhostPage } from './vhost.tsx';
import { VhostsPage } from './vhosts.tsx';

const parts = [
  ['users', 'Users'],
  ['vhosts', 'Virtual hosts'],
  ['policies', 'Policies'],
  ['operator-policies', 'Operator policies'],
  ['definitions', 'Definitions'],
] as const;

/** What users with the tag policymaker see of it. */
const forPolicymakers = parts.filter(([id]) => id === 'policies');

export function AdminPage({ path }: { path: readonly string[] }): JSX.Element {
  const shown = isAdministrator.value ? parts : isPolicymaker.value ? forPolicymakers : [];
  const [part = shown[0]?.[0] ?? ''] = path;
  if (!shown.some(([id]) => id === part)) {
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
        {shown.map(([id, title]) => (
          <a key={id} href={link(['admin', id])} aria-current={id === part ? 'page' : undefined}>
            {title}
          </a>
        ))}
      </nav>
      <Part part={part} path={path.slice(1)} />
    </>
  );
}

function Part({ part, path: [first, second] }: { part: string; path: readonly string[] }): JSX.Element {
  if (part === 'vhosts') return first === undefined ? <VhostsPage /> : <VhostPage key={first} name={first} />;
  if (part === 'definitions') return <DefinitionsPage />;
  if (part === 'policies' || part === 'operator-policies') {
    return first === undefined || second === undefined ? (
      <PoliciesPage key={part} kind={part} />
    ) : (
      <PolicyPage key={`${part} ${first} ${second}`} kind={part} vhost={first} name={second} />
    );
  }
  return first === undefined ? <UsersPage /> : <UserPage key={first} name={first} />;
}
