// All users, with what they may do in words.
import type { JSX } from 'preact';
import { api, send } from '../api.ts';
import { openForm } from '../components/dialog.tsx';
import type { Field } from '../components/fields.tsx';
import { List } from '../components/list.tsx';
import { Head, Tag } from '../components/parts.tsx';
import { Empty } from '../components/states.tsx';
import type { Column } from '../components/table.tsx';
import { phrase, plural } from '../format.ts';
import { Icon } from '../icons.tsx';
import { useLive } from '../live.ts';
import type { Permission, UserInfo } from '../types.ts';
import { go, link } from '../url.ts';

/** What each tag lets a user do here. */
export const tagWords: Readonly<Record<string, string>> = {
  administrator: 'everything: users, virtual hosts, permissions and all that follows',
  monitoring: 'sees all connections, channels and the node',
  policymaker: 'sees what is in their virtual hosts and may set policies',
  management: 'sees what is in their virtual hosts',
};

export function UsersPage(): JSX.Element {
  const permissions = useLive<Permission[]>(api`permissions`).data ?? [];
  const columns: Column<UserInfo>[] = [
    {
      id: 'name',
      title: 'Name',
      sort: 'name',
      cell: ({ name }) => <a href={link(['admin', 'users', name])}>{name}</a>,
    },
    { id: 'tags', title: 'Tags', fields: ['tags'], cell: user => <UserTags user={user} /> },
    { id: 'may', title: 'May', cell: user => sentence(user, permissions) },
    {
      id: 'password',
      title: 'Password',
      fields: ['password_hash'],
      cell: ({ password_hash }) => (password_hash ? 'set' : <Tag mood="warn">none: cannot log in with one</Tag>),
    },
  ];
  return (
    <>
      <Head title="Users" />
      <List
        path={api`users`}
        noun="user"
        columns={columns}
        fields={['name']}
        keyOf={user => user.name}
        actions={
          <button type="button" class="primary" onClick={addUser}>
            <Icon name="plus" />
            Add a user
          </button>
        }
        empty={<Empty title="No users" />}
      />
    </>
  );
}

export function tagsOf({ tags }: UserInfo): readonly string[] {
  return (typeof tags === 'string' ? tags.split(',') : (tags ?? [])).filter(Boolean);
}

export function UserTags({ user }: { user: UserInfo }): JSX.Element {
  return (
    <span class="tags">
      {tagsOf(user).map(tag => (
        <Tag key={tag} title={tagWords[tag]}>
          {tag}
        </Tag>
      ))}
    </span>
  );
}

function sentence({ name }: UserInfo, permissions: readonly Permission[]): string {
  const own = permissions.filter(({ user }) => user === name);
  if (own.length === 0) return 'use no virtual host';
  const all = own.filter(isEverything).map(({ vhost }) => vhost);
  const some = own.filter(permission => !isEverything(permission)).map(({ vhost }) => vhost);
  const parts = [
    all.length > 0 && `do everything in ${phrase(all)}`,
    some.length > 0 && `do some things in ${phrase(some)}`,
  ];
  return parts.filter(Boolean).join('; ');
}

export function isEverything({ configure, write, read }: Permission): boolean {
  return [configure, write, read].every(pattern => pattern === '.*');
}

/** The fields of a user's tags and password. */
export function userFields(tags: readonly string[]): Field[] {
  return [
    {
      name: 'password',
      label: 'Password',
      kind: 'password',
      required: true,
    },
    ...Object.entries(tagWords).map(
      ([tag, words]): Field => ({
        name: `tag-${tag}`,
        label: `Tag ${tag}`,
        kind: 'check',
        value: tags.includes(tag),
        hint: words,
      }),
    ),
  ];
}

/** The tags that were checked, with those that have no box. */
export function chosenTags(values: Readonly<Record<string, unknown>>, others: readonly string[] = []): string {
  return [...Object.keys(tagWords).filter(tag => values[`tag-${tag}`]), ...others].join(',');
}

function addUser(): void {
  openForm({
    title: 'Add a user',
    verb: 'Add the user',
    fields: [{ name: 'name', label: 'Name', kind: 'text', required: true }, ...userFields([])],
    intro: (
      <p>
        {plural(Object.keys(tagWords).length, 'tag')} say what a user may do on this page; without one, they may only
        use AMQP.
      </p>
    ),
    act: async values => {
      const { name, password } = values;
      await send('PUT', api`users/${name}`, { password, tags: chosenTags(values) });
      go(['admin', 'users', name]);
      return `Added the user ${name}. Now say in which virtual hosts they may do what.`;
    },
  });
}
