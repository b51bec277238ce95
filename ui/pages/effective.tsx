// What holds for a queue or an exchange, and who says so.
import type { JSX } from 'preact';
import { Section } from '../components/parts.tsx';
import { Table } from '../components/table.tsx';
import { isAdministrator, isPolicymaker } from '../session.ts';
import { settingText, settingTitle } from '../settings.ts';
import type { Table as AmqpTable, EffectiveValue, PolicyKind } from '../types.ts';
import { link } from '../url.ts';

/** A definition in words, a fact for each key. */
export function settingFacts(definition: AmqpTable): (readonly [string, string])[] {
  return Object.entries(definition).map(([name, value]) => [settingTitle(name), settingText(name, value)]);
}

export function EffectiveSettings({
  vhost,
  effective = [],
}: {
  vhost: string;
  effective?: readonly EffectiveValue[] | undefined;
}): JSX.Element {
  return (
    <Section title="What holds">
      {effective.length === 0 ? (
        <p class="muted">No argument and no policy says anything of it.</p>
      ) : (
        <Table
          label="What holds"
          rows={effective}
          keyOf={({ name }) => name}
          columns={[
            {
              id: 'name',
              title: 'Setting',
              cell: ({ name }) => (
                <>
                  {settingTitle(name)}
                  <small class="muted">{name}</small>
                </>
              ),
            },
            { id: 'value', title: 'Value', cell: ({ name, value }) => settingText(name, value) },
            { id: 'from', title: 'Comes from', cell: value => <Origin vhost={vhost} value={value} /> },
          ]}
        />
      )}
    </Section>
  );
}

function Origin({ vhost, value: { from, policy } }: { vhost: string; value: EffectiveValue }): JSX.Element {
  if (from === 'argument') return <>its declaration</>;
  const kind: PolicyKind = from === 'policy' ? 'policies' : 'operator-policies';
  return (
    <>
      <PolicyName kind={kind} vhost={vhost} name={policy ?? ''} />
      <small class="muted">{from}</small>
    </>
  );
}

/** A link for those who may see the policy. */
export function PolicyName({ kind, vhost, name }: { kind: PolicyKind; vhost: string; name: string }): JSX.Element {
  const may = kind === 'policies' ? isPolicymaker.value : isAdministrator.value;
  return may ? <a href={link(['admin', kind, vhost, name])}>{name}</a> : <span>{name}</span>;
}
