// By which bindings a queue gets messages.
import type { JSX } from 'preact';
import { api } from '../api.ts';
import { Section } from '../components/parts.tsx';
import { Fault, Loading } from '../components/states.tsx';
import { useLive } from '../live.ts';
import type { Binding } from '../types.ts';
import { BindingTable, bind } from './bindings.tsx';

export function QueueBindings({ vhost, name }: { vhost: string; name: string }): JSX.Element {
  const live = useLive<Binding[]>(api`queues/${vhost}/${name}/bindings`);
  return (
    <Section
      title="Bound from"
      actions={
        <button type="button" onClick={() => void bind(vhost, { destination: name, destination_type: 'queue' })}>
          Bind to an exchange
        </button>
      }
    >
      {live.error ? (
        <Fault error={live.error} />
      ) : !live.data ? (
        <Loading rows={2} />
      ) : (
        <BindingTable bindings={live.data} end="source" />
      )}
    </Section>
  );
}
