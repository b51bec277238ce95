// One user: tags, password, and permissions as sentences.
import type { JSX } from 'preact';
import { api, send } from '../api.ts';
import { askDanger, openForm } from '../components/dialog.tsx';
import { Head, Section } from '../components/parts.tsx';
import { Empty, Fault, Loading } from '../components/states.tsx';
import { say } from '../components/toast.tsx';
import { plural } from '../format.ts';
import { useLive } from '../live.ts';
import { user as me } from '../session.ts';
import type { Permission, UserInfo } from '../types.ts';
import { go } from '../url.ts';
import { LimitsSection } from './limits.tsx';
import { PermissionTable, setPermission } from './permissions.tsx';
import { TopicPermissions } from './topic-permissions.tsx';
import { chosenTags, tagsOf, tagWords, UserTags, userFields } from './users.tsx';

export function UserPage({ name }: { name: string }): JSX.Element {
  const live = useLive<UserInfo>(api`users/${name}`);
  const permissions = useLive<Permission[]>(api`users/${name}/permissions`).data ?? [];
  const user = live.data;
  return (
    <>
      <Head
        title={name}
        copy={name}
        trail={[{ title: 'Users', path: ['admin', 'users'] }]}
        actions={user && <Actions user={user} vhosts={permissions.length} />}
      />
      {live.error ? (
        <Fault error={live.error} />
      ) : !user ? (
        <Loading rows={4} />
      ) : (
        <>
          <Section title="On this page">
            {tagsOf(user).length === 0 ? (
              <p>{name} has no tag and cannot log in here, only with AMQP.</p>
            ) : (
              <ul>
                {tagsOf(user).map(tag => (
                  <li key={tag}>
                    <UserTags user={{ name, tags: [tag] }} /> {tagWords[tag] ?? ''}
                  </li>
                ))}
              </ul>
            )}
          </Section>
          <Section
            title="In virtual hosts"
            actions={
              <button type="button" onClick={() => setPermission({ user: name })}>
                Give permissions
              </button>
            }
          >
            {permissions.length === 0 ? (
              <Empty title={`${name} may use no virtual host`}>
                <p>Give permissions in one, and clients can connect as {name}.</p>
              </Empty>
            ) : (
              <PermissionTable permissions={permissions} end="vhost" />
            )}
          </Section>
          <TopicPermissions user={name} />
          <LimitsSection kind="user-limits" name={name} />
        </>
      )}
    </>
  );
}

function Actions({ user, vhosts }: { user: UserInfo; vhosts: number }): JSX.Element {
  return (
    <>
      <button type="button" onClick={() => change(user)}>
        Change tags or password
      </button>
      {user.name !== me.value?.name && (
        <button type="button" class="danger" onClick={() => remove(user, vhosts)}>
          Delete
        </button>
      )}
    </>
  );
}

function change(user: UserInfo): void {
  const tags = tagsOf(user);
  const others = tags.filter(tag => !(tag in tagWords));
  openForm({
    title: `Change ${user.name}`,
    verb: 'Change',
    fields: userFields(tags).map(field =>
      field.name === 'password' ? { ...field, required: false, hint: 'Empty keeps the one that is set.' } : field,
    ),
    act: async values => {
      const { password } = values;
      const secret = password
        ? { password }
        : { password_hash: user.password_hash ?? '', hashing_algorithm: algorithmOf(user) };
      await send('PUT', api`users/${user.name}`, { ...secret, tags: chosenTags(values, others) });
      return `Changed ${user.name}.`;
    },
  });
}

function algorithmOf(user: UserInfo & { readonly hashing_algorithm?: string }): string | undefined {
  return user.hashing_algorithm;
}

function remove({ name }: UserInfo, vhosts: number): void {
  askDanger({
    title: `Delete the user ${name}?`,
    verb: 'Delete the user',
    loss: (
      <p>
        Their permissions in {plural(vhosts, 'virtual host')} go too, and their connections are closed. Queues and
        messages stay.
      </p>
    ),
    act: async () => {
      await send('DELETE', api`users/${name}`);
      go(['admin', 'users']);
      say(`Deleted the user ${name}.`);
      return undefined;
    },
  });
}
